import SealiftBase
import SealiftPeople

extension SealiftError {
    /// A contact said no.
    init(refused reason: ContactRefusal, contact: Contact, what place: SharePath) {
        let name = PrintableText.escape(place.share ?? "")
        switch reason {
        case .notThere:
            self.init(
                .shareUnknown,
                "\(contact.name) shares nothing with you that is called \(name)"
                    + (place.path.map { "/\($0)" } ?? ""),
                advice: "`sealift browse \(contact.name)` shows what there is.")
        case .role:
            self.init(
                .accessDenied, "your role in \(name) does not allow it",
                advice: "Ask \(contact.name) for another role.")
        case .approvalAwaited:
            self.init(
                .accessDenied, "somebody else has to agree first",
                advice: "Ask \(contact.name) who that is, then try again.")
        case .quota:
            self.init(
                .accessDenied, "your quota in \(name) is used up",
                advice: "Ask \(contact.name) for more.")
        case .notVerified:
            self.init(
                .accessDenied, "\(contact.name) has not verified you",
                advice: "Compare the safety number (`sealift contact show \(contact.name)`), and "
                    + "have them run `sealift contact verify`.")
        case .unavailable:
            self.init(
                .peerUnavailable, "\(contact.name)'s machine cannot serve it now",
                advice: "Try again later; `sealift up` there says why.")
        case .impossible:
            self.init(
                .protocolViolation, "\(contact.name)'s machine finds the offer impossible",
                advice: "Check that both ends run a released sealift.")
        case .inboxFull:
            self.init(
                .accessDenied, "too many offers wait at \(contact.name)'s machine",
                advice: "Ask them to answer some (`sealift inbox list`).")
        case .declined:
            self.init(
                .declined, "\(contact.name) said no to the offer",
                advice: "Ask them, then offer it anew.")
        case .noFolder:
            self.init(
                .accessDenied, "what is named of \(name) is no folder",
                advice: "`sealift browse \(contact.name)` shows what there is.")
        case .beyondOwnGrant:
            self.init(
                .accessDenied, "that is more than you have in \(name) yourself",
                advice:
                    "Nobody gives away more than he has: name paths (--path), an end (--expires) "
                    + "and a quota (--quota) within your own, as far as you have such.")
        case .unknownContact:
            self.init(
                .contactUnknown, "who is to be a member is no contact of \(contact.name)'s",
                advice: "\(contact.name) shares with contacts only; ask them to add each other.")
        case .memberNotVerified:
            self.init(
                .notVerified,
                "\(contact.name) has not verified them, so they can be a viewer only",
                advice: "Ask \(contact.name) to verify them (`sealift contact verify`).")
        case .notMember:
            self.init(
                .memberUnknown, "they are no member of \(name)",
                advice: "`sealift share members \(contact.name)/\(name)` shows who is.")
        case .noApprovalAwaited:
            self.init(
                .usage, "no approval of yours is awaited for them in \(name)",
                advice: "`sealift share members \(contact.name)/\(name)` shows who waits for one.")
        case .full:
            self.init(
                .limitReached,
                "\(name) has as many members, or they as many paths, as there may be",
                advice: "Ask \(contact.name) to remove some first.")
        }
    }

    /// A contact does not let something into a share.
    init(refusedUpload reason: ContactRefusal, contact: Contact, into place: SharePath) {
        let name = PrintableText.escape(place.share ?? "")
        switch reason {
        case .notThere:
            self.init(
                .shareUnknown,
                "there is no place of yours in \(contact.name)'s \(name)"
                    + (place.path.map { " that is called \($0)" } ?? ", or none any more"),
                advice:
                    "`sealift browse \(contact.name)/\(name)` shows what was granted to you: name a "
                    + "folder in it, such as \(contact.name)/\(name)/FOLDER.")
        case .role:
            self.init(
                .accessDenied, "your role in \(name) is viewer: you may not upload",
                advice: "Ask \(contact.name) to make you an editor (`sealift share grant`).")
        case .quota:
            self.init(
                .accessDenied, "it would pass your quota in \(name)",
                advice: "Ask \(contact.name) for more, or send less.")
        case .noFolder:
            self.init(
                .accessDenied,
                "\(name)\(place.path.map { "/\($0)" } ?? "") is no folder: nothing can be put into it",
                advice: "Name a folder, or offer it instead: `sealift send --to \(contact.name)`.")
        case .unavailable:
            self.init(
                .peerUnavailable, "\(contact.name)'s machine could not take it",
                advice: "`sealift up` there says why; run this again when that is mended.")
        default: self.init(refused: reason, contact: contact, what: place)
        }
    }
}

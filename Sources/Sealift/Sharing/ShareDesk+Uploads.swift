import SealiftBase
import SealiftPeople
import SealiftStore

// What members put into shares.
extension ShareDesk {
    /// An upload that may begin, or runs.
    struct Upload {
        let asker: Asker
        let share: StoredShare
        /// The folder in it; nil for the share itself.
        let path: GrantedPath?
        let incoming: IncomingUpload
    }

    /// What becomes of a wish to upload.
    enum UploadOutcome {
        /// It may begin.
        case upload(Upload)
        /// It may not.
        case refused(ContactRefusal)
    }

    /// Judges a wish to put something into a share. What is denied is logged.
    /// - Parameter reserved: bytes that the member's other uploads there have still to bring.
    func judge(
        upload offer: PushOffer, named name: (id: OfferID, label: OfferLabel),
        into path: GrantedPath?, of id: ShareID, for asker: Asker, reserved: UInt64
    ) -> (UploadOutcome, ShareQuestion) {
        let standing = standing(of: asker, in: id)
        let seen = standing.decision(on: .browse)
        guard seen == .allowed, case .found(let share) = access.store.share(id) else {
            return (.refused(Self.refusal(seen)), .upload(share: nil))
        }
        let upload = Upload(
            asker: asker, share: share, path: path,
            incoming: IncomingUpload(
                id: name.id, member: asker.contact.identity, device: asker.device,
                label: name.label, byteCount: offer.byteCount, share: id,
                shareName: share.name.text))
        let (bytes, overflow) = offer.byteCount.addingReportingOverflow(reserved)
        let judged = standing.decision(on: upload, bringing: overflow ? .max : bytes)
        let question = ShareQuestion.upload(share: share.name.text)
        guard case .denied(let denial) = judged else { return (.upload(upload), question) }
        try? access.log.noteRefusal(of: upload.incoming, denial)
        return (.refused(Self.refusal(judged)), question)
    }

    /// Whether an upload that runs may go on.
    /// - Parameter remaining: bytes that it has still to bring.
    func mayGoOn(_ upload: Upload, remaining: UInt64) -> Bool {
        let identity = upload.asker.contact.identity
        guard let found = try? access.store.contactWithChain(identity) else { return false }
        let asker = Asker(contact: found.contact, device: upload.asker.device)
        return standing(of: asker, in: upload.share.id).decision(on: upload, bringing: remaining)
            == .allowed
    }
}

extension ShareDesk.Standing {
    /// Everything of an upload lands below its folder, so that is what is judged; without a folder, all of the
    /// share has to be granted.
    func decision(on upload: ShareDesk.Upload, bringing bytes: UInt64) -> AccessDecision {
        if let path = upload.path { return decision(on: .upload, path, byteCount: bytes) }
        if case .found(let grant) = grant, case .everything = grant.paths {
            return decision(on: .upload, GrantedPath(upload.share.name.text), byteCount: bytes)
        }
        // The role is judged before the path: a viewer hears of his role.
        return decision(on: .upload, nil, byteCount: bytes)
    }
}

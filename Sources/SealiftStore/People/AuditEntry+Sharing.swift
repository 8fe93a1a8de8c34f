import Foundation
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople

// What the log keeps of shares, offers and rules (`docs/PROTOCOL.md` §12.1). The log is ours; the label of
// an offer in it is a peer's.
extension AuditEntry {
    /// A share that was made or ended: its name, then its path.
    static func of(_ share: StoredShare, word: String) -> AuditEntry {
        AuditEntry(
            .shareChanged, at: SystemWallClock.now(), decision: .user,
            subject: subject([Array(share.name.text.utf8), share.path]), reason: word)
    }

    /// A grant that was given, changed or ended: whose, then the share.
    static func of(
        _ event: Event, _ contact: NamedIdentity, _ share: StoredShare, by author: ShareAuthor,
        word: String
    ) -> AuditEntry {
        AuditEntry(
            event, at: SystemWallClock.now(), peer: author.device,
            decision: author == .owner ? .user : .none,
            subject: subject(contact.subject + [Array(share.name.text.utf8)]), reason: word)
    }

    /// A change of members that a member asked for and that was refused.
    static func refused(
        _ event: Event, _ contact: NamedIdentity, share: [UInt8], by author: ShareAuthor,
        word: String
    ) -> AuditEntry {
        AuditEntry(
            event, at: SystemWallClock.now(), peer: author.device, result: .refused,
            subject: subject(contact.subject + [share]), reason: word)
    }

    /// A list of members that was asked for and not given: the share.
    static func refusedLook(share: [UInt8], by author: ShareAuthor, word: String) -> AuditEntry {
        AuditEntry(
            .shareChanged, at: SystemWallClock.now(), peer: author.device, result: .refused,
            subject: share, reason: word)
    }

    /// What became of something that a member puts into a share: whose, its label, its size in decimal digits,
    /// the share.
    static func of(
        _ event: Event, _ upload: IncomingUpload, _ contact: NamedIdentity, decision: Decision,
        result: Result = .none, word: String
    ) -> AuditEntry {
        AuditEntry(
            event, at: SystemWallClock.now(), direction: .received,
            transfer: TransferID(upload.id.bytes), peer: upload.device, decision: decision,
            result: result,
            subject: subject(
                contact.subject + [
                    upload.label.bytes, Array("\(upload.byteCount)".utf8),
                    Array(upload.shareName.utf8),
                ]), reason: word)
    }

    /// A rule that was made or ended: of whom it takes, then where to.
    static func of(_ rule: StoredRule, _ contact: NamedIdentity, word: String) -> AuditEntry {
        AuditEntry(
            .ruleChanged, at: SystemWallClock.now(), decision: .user,
            subject: subject(contact.subject + [Array(rule.rule.destination.utf8)]), reason: word)
    }

    /// What became of an offer: whose, its label, its size in decimal digits, and where it is moved to or
    /// deleted from.
    static func of(
        _ event: Event, _ direction: Direction, _ id: OfferID, label: OfferLabel,
        byteCount: UInt64?, _ contact: NamedIdentity, device: DeviceID?, decision: Decision,
        result: Result = .none, place: [UInt8]? = nil, word: String
    ) -> AuditEntry {
        AuditEntry(
            event, at: SystemWallClock.now(), direction: direction,
            transfer: TransferID(id.bytes), peer: device, decision: decision, result: result,
            subject: subject(
                contact.subject + [label.bytes]
                    + (byteCount.map { [Array("\($0)".utf8)] } ?? [])
                    + (place.map { [$0] } ?? [])), reason: word)
    }

    private static func subject(_ parts: [[UInt8]]) -> [UInt8] {
        Array(parts.joined(separator: [0]))
    }
}

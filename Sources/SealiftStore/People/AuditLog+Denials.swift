import Foundation
import GRDB
public import SealiftBase
public import SealiftCrypto
public import SealiftPeople

/// A change of members that somebody asks for.
struct ShareWish {
    let event: AuditEntry.Event
    let member: IdentityID
    let share: ShareID

    init(_ event: AuditEntry.Event, of member: IdentityID, in share: ShareID) {
        self.event = event
        self.member = member
        self.share = share
    }
}

extension AuditLog {
    /// A denial is not logged again while one of its kind is among so many newest entries with the device:
    /// nobody fills a disk by asking for what he does not get.
    static let rememberedDenials = 32

    /// Logs that a member wanted to see who else is one and may not, unless that was told a moment ago.
    public func noteRefusal(
        of member: IdentityID, with device: DeviceID, listing share: ShareID,
        _ denial: AccessDecision.Denial, time: WallTime
    ) throws(StoreFailure) {
        try noteRefusal(
            of: ShareWish(.shareChanged, of: member, in: share),
            by: .member(member, device: device, time: time), .denied(denial))
    }

    /// Logs that a member's wish was refused, unless that was told a moment ago.
    func noteRefusal(
        of wish: ShareWish, by author: ShareAuthor, _ refusal: ShareRefusal
    ) throws(StoreFailure) {
        try appendAll { database in
            let share = try StoredShare(wish.share, in: database)
            let name = Array((share?.name.text ?? wish.share.description).utf8)
            let entry =
                wish.event == .shareChanged
                ? AuditEntry.refusedLook(share: name, by: author, word: refusal.word)
                : AuditEntry.refused(
                    wish.event, try Self.name(wish.member, in: database), share: name, by: author,
                    word: refusal.word)
            return try Self.isRemembered(entry, in: database) ? [] : [entry]
        }
    }

    /// Whether the same refusal is among the newest entries with the device.
    static func isRemembered(_ entry: AuditEntry, in database: Database) throws -> Bool {
        guard let peer = entry.peer else { return false }
        return try database.all(
            "SELECT bytes FROM entry WHERE peer = ? ORDER BY position DESC LIMIT ?",
            [Data(peer.value.bytes), rememberedDenials]
        ) { try $0.bytes("bytes", atMost: AuditEntry.maximumByteCount) }.contains { bytes in
            guard let old = try? AuditEntry(encoded: bytes) else { return false }
            return old.event == entry.event && old.result == entry.result
                && old.reason == entry.reason
        }
    }
}

extension ShareRefusal {
    /// The word for it in the log, of a member's wish.
    var word: String {
        switch self {
        case .denied(let denial): "denied_\(denial.word)"
        case .beyondOwnGrant: "denied_beyond_own_grant"
        case .owner: "denied_owner"
        case .unknownShare: "denied_unknown_share"
        case .unknownContact: "denied_unknown_contact"
        case .notVerified: "denied_member_not_verified"
        case .notMember: "denied_not_member"
        case .noApprovalAwaited: "denied_no_approval_awaited"
        case .full, .tooManyPaths, .nameTaken, .looksLike: "denied_full"
        }
    }
}

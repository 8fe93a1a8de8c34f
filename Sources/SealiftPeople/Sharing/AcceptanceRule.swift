public import SealiftBase

/// Something a contact wants to push here.
public struct Offer: Hashable, Sendable {
    /// Who offers, as the session proved it.
    public let from: IdentityID
    /// How many bytes it has, as the offer says; the transfer is held to it.
    public let byteCount: UInt64
    /// How many files and folders.
    public let entryCount: UInt64

    /// An offer.
    public init(from: IdentityID, byteCount: UInt64, entryCount: UInt64) {
        self.from = from
        self.byteCount = byteCount
        self.entryCount = entryCount
    }
}

/// A yes that the user wrote beforehand: from whom, where to, how much.
///
/// Least privilege: it names one contact, one folder and a size, none of which can be left out.
public struct AcceptanceRule: Hashable, Sendable {
    /// The most files and folders of an offer that a rule takes: empty ones count for no size and no quota,
    /// and would still use up a volume. Beyond, the user is asked.
    public static let maximumEntryCount: UInt64 = 1_000_000

    /// From whom.
    public let from: IdentityID
    /// Where to: a folder of this machine, which only the user's own commands set.
    public let destination: String
    /// The largest offer, in bytes.
    public let maximumByteCount: UInt64
    /// The most bytes of all offers together; nil for any number.
    public let quota: UInt64?
    /// From this second on the rule is no more; nil for no end.
    public let expires: WallTime?
    /// Whether what it takes is held apart in the destination until the user looked at it.
    public let quarantines: Bool

    /// A rule; nil for an empty destination or a largest offer of no bytes.
    public init?(
        from: IdentityID, destination: String, maximumByteCount: UInt64, quota: UInt64? = nil,
        expires: WallTime? = nil, quarantines: Bool = false
    ) {
        guard !destination.isEmpty, maximumByteCount > 0 else { return nil }
        self.from = from
        self.destination = destination
        self.maximumByteCount = maximumByteCount
        self.quota = quota
        self.expires = expires
        self.quarantines = quarantines
    }

    /// Whether the rule takes `offer` after it took `accepted` bytes until now.
    func takes(_ offer: Offer, accepted: UInt64, time: WallTime) -> Bool {
        guard offer.from == from, offer.byteCount <= maximumByteCount,
            offer.entryCount <= Self.maximumEntryCount
        else { return false }
        if let expires, time >= expires { return false }
        guard let quota else { return true }
        let (total, overflow) = accepted.addingReportingOverflow(offer.byteCount)
        return !overflow && total <= quota
    }
}

/// What becomes of an offer: nothing lands without a yes, by hand or by rule.
public enum OfferDecision: Hashable, Sendable {
    /// The rule at this place took it, into its destination.
    case accept(rule: Int)
    /// The user is asked: it waits in the inbox.
    case ask
    /// The offerer hears no.
    case refuse(Refusal)
    /// The offerer hears nothing.
    case silence

    /// Why not.
    public enum Refusal: UInt8, Hashable, Sendable, CaseIterable {
        /// It names more than can be.
        case impossible = 1
        /// So many of theirs wait already.
        case tooManyWaiting = 2
        /// The inbox of all contacts is full.
        case inboxFull = 3
        /// What is known here could not be read.
        case lookupFailed = 4
    }

    /// The largest offer: the listing's own bound on the sum of sizes.
    public static let maximumByteCount: UInt64 = 1 << 62 - 1
    /// The most entries: the listing's own bound.
    public static let maximumEntryCount: UInt64 = 1 << 32
    /// The most offers of one contact that wait.
    public static let waitingPerContact = 16
    /// The most offers that wait.
    public static let waitingInAll = 256

    /// Judges an offer that an admitted device made.
    ///
    /// - Parameters:
    ///   - admission: what the device of the session gets.
    ///   - contact: who it speaks for.
    ///   - rules: each with the bytes it took until now, in the user's order; the first that takes wins.
    ///   - waiting: offers in the inbox, of this contact and in all.
    ///   - time: what ``ClockFloor`` says.
    public static func judge(
        _ offer: Offer, admission: Contact.Admission, contact: Contact,
        rules: Lookup<[(rule: AcceptanceRule, accepted: UInt64)]>,
        waiting: (ofContact: Int, inAll: Int), time: WallTime
    ) -> OfferDecision {
        guard admission == .serve, contact.identity == offer.from else { return .silence }
        guard offer.byteCount <= maximumByteCount, offer.entryCount > 0,
            offer.entryCount <= maximumEntryCount
        else { return .refuse(.impossible) }
        switch rules {
        case .failed: return .refuse(.lookupFailed)
        case .found(let rules) where contact.isVerified:
            // Nobody whose identity was never checked gets a yes that no person gave.
            for (index, entry) in rules.enumerated()
            where entry.rule.takes(offer, accepted: entry.accepted, time: time) {
                return .accept(rule: index)
            }
        case .found, .absent: break
        }
        guard waiting.ofContact < waitingPerContact else { return .refuse(.tooManyWaiting) }
        guard waiting.inAll < waitingInAll else { return .refuse(.inboxFull) }
        return .ask
    }
}

public import SealiftBase
public import SealiftCrypto
public import SealiftPeople

/// A device of a contact, and the secret by which it and this one open sessions in one direction
/// (`docs/PROTOCOL.md` §11.5).
public struct ContactPair: Sendable {
    /// Who the contact is.
    public let identity: IdentityID
    /// The contact's device.
    public let device: DeviceID
    /// The secret that the dialling end uses.
    public let secret: PreSharedKey
    /// Names the mailboxes of its calls.
    public let mailboxes: MailboxSecret
    /// The day before which no mailbox can be named any more, in days since 1970; nil where the mailboxes follow
    /// from the secret itself.
    public let firstMailboxDay: UInt64?
    /// Whether it is made of the key before the present one.
    public let isFormer: Bool
    /// Whether it is made of a present key that a third device told both: one that is born in a session replaces
    /// it. Never of a former one: see ``isToBeReplaced(by:at:)``.
    public let isTold: Bool

    /// The way from a contact's device to this one, or from this one to it.
    /// - Parameter target: which of the two devices is dialled.
    public init(
        identity: IdentityID, device: DeviceID, key: PairKey, dialing target: DeviceID,
        isFormer: Bool = false, isTold: Bool = false
    ) {
        self.identity = identity
        self.device = device
        secret = key.dialing(target)
        mailboxes = key.mailboxes(dialing: target)
        firstMailboxDay = key.mailboxes?.day
        self.isFormer = isFormer
        self.isTold = isTold && !isFormer
    }

    /// Whether a session that `own` dials with it at `time` is to bear another key: where its mailboxes are not
    /// of days, or where their days are still to come, because both clocks were wrong once.
    ///
    /// Of two devices the lower asks for that on even days and the higher on odd ones: two that dial each other
    /// in the same moment do not both make a new key.
    ///
    /// Never with a former key: that would displace the present one, which the other end may by now have as its
    /// only one, and of two sessions at once each could leave the two with keys that the other does not have.
    public func isToBeReplaced(by own: DeviceID, at time: WallTime) -> Bool {
        guard !isFormer else { return false }
        let day = MailboxRatchet.day(of: time)
        guard firstMailboxDay.map({ $0 > day }) ?? true else { return false }
        return (own.value < device.value) == day.isMultiple(of: 2)
    }

    /// How many days behind today the first day of a pair's mailboxes may lie where the end that dials may still
    /// take it for one to come: a day for its clock, and one for each end's rounding. Days move on to
    /// ``MailboxRatchet/keptDays`` before today, so that no pair in order is that close.
    private static let dayTolerance: UInt64 = 3

    /// Whether the end that waits has another key put in its place where the end that dials asks for that at
    /// `time`, in a session of these features (`docs/PROTOCOL.md` §11.13).
    ///
    /// It holds whenever an honest end asks: for a key that was told, for one whose mailboxes are not of days or
    /// still to come, whichever day it is by its clock, and for a key that is the former one only here, because
    /// that end did not hear that there is another. It does not hold for a pair that is in order: each new key
    /// costs this end a write to its disk and new calls.
    func mayBeReplaced(in features: SessionFeatures, at time: WallTime) -> Bool {
        if isTold || isFormer { return true }
        guard features.contains(.dailyMailboxes) else { return false }
        let day = MailboxRatchet.day(of: time)
        return firstMailboxDay.map { $0 + Self.dayTolerance > day } ?? true
    }

    /// How far clocks may differ, in hours: tags are welcome so long before and after their own
    /// (`docs/PROTOCOL.md` §2).
    public static let hourTolerance: UInt64 = 24

    /// The hour that tags are made with, of the time `time`.
    public static func hour(at time: WallTime) -> UInt64 {
        UInt64(clamping: time.secondsSince1970 / 3_600)
    }
}

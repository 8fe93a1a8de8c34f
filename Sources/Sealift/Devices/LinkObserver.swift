public import SealiftPeople

/// A machine that wants to be a device of the user.
public struct LinkQuestion: Sendable {
    /// Its fingerprint: 32 hexadecimal digits, which its own screen shows too.
    public var fingerprint: String
    /// What it will be called; nil for nothing.
    public var name: ContactName?
    /// Whether the recovery words are needed. They are not for a device that the chain has already and that
    /// did not get, or lost, what it is given.
    public var needsWords: Bool
}

/// What the user says to it.
public enum LinkAnswer: Sendable {
    /// It does not become a device.
    case no
    /// It does; with the words where they are needed.
    case yes(RecoveryWords?)
    /// It cannot be said.
    case failed(SealiftError)
}

/// Whoever watches a machine become a device of the user, and says yes.
public protocol LinkObserver: MeetingObserver {
    /// Whether the machine may join. May block for as long as the user thinks, and looks for words. Asked once,
    /// at the device that is there.
    func answer(to question: LinkQuestion) -> LinkAnswer
    /// The new device: whose it will be if that user says yes there.
    func joining(_ identity: IdentityID, askedAt device: String)
}

/// What came of it, at the device that is there.
public struct LinkSummary: Sendable {
    /// The new device.
    public var device: OwnDevice
    /// How many contacts it was given.
    public var contacts: Int
}

/// What came of it, at the new device.
public struct JoinSummary: Sendable {
    /// Who the user is.
    public var identity: IdentitySummary
    /// How many contacts came.
    public var contacts: Int
}

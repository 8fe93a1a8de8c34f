/// The two ends of a handshake, and of the session that comes from it.
public enum HandshakeSide: Hashable, Sendable, CaseIterable {
    /// The end that dials: the receiver of files.
    case initiator
    /// The end that waits: the sender of files.
    case responder

    /// The other end.
    public var peer: HandshakeSide { self == .initiator ? .responder : .initiator }

    /// The way of what this end sends.
    public var sendDirection: HandshakeDirection {
        self == .initiator ? .initiatorToResponder : .responderToInitiator
    }
}

/// Where the pre-shared key of a session comes from; a byte of the prologue (PROTOCOL §4.1), so that
/// a key made for one purpose never opens a session of another.
public enum SessionRole: UInt8, Hashable, Sendable, CaseIterable {
    /// A ticket.
    case ticket = 1
    /// A spoken pairing code.
    case pairingCode = 2
    /// The key that two paired devices share.
    case devicePair = 3
    /// A ticket to measure the path with, and nothing else.
    case measurement = 4
    /// A code or an invitation by which two people become contacts, and nothing else.
    case introduction = 5
    /// A code or an invitation by which a machine becomes a further device of its user, and nothing else.
    case deviceLink = 6
}

/// What an end can do beyond version 1's first release (PROTOCOL §4.1). A session has what both can: older
/// ends name nothing, and are spoken to as ever.
public struct SessionFeatures: OptionSet, Hashable, Sendable {
    /// One bit each.
    public let rawValue: UInt8

    /// Takes a byte as it came; bits that nobody knows are another version's.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Receipts at the end of a transfer (PROTOCOL §7.6).
    public static let receipts = SessionFeatures(rawValue: 1)
    /// The beginning of the listing right behind the offer (PROTOCOL §7.1).
    public static let listingAhead = SessionFeatures(rawValue: 2)
    /// A key that is born in the session for two contacts' devices has mailboxes of days (PROTOCOL §11.5).
    public static let dailyMailboxes = SessionFeatures(rawValue: 4)
}

/// Why an initiator gives up on an authentic answer. Nothing of this is told to the other end.
public enum HandshakeError: Error, Equatable, Sendable {
    /// The answer came from someone who knows the pre-shared key, but is not valid Noise: altered,
    /// or made by another implementation.
    case authenticationFailed
    /// The peer sent a key that PROTOCOL §4.1 refuses.
    case unacceptableKey
    /// The payload is not one of version 1.
    case unsupportedPayload
    /// The responder is another device than expected.
    case wrongPeer(DeviceFingerprint)
    /// The library failed, or the machine was used out of turn.
    case localMisuse

    init(_ error: NoiseError) {
        self =
            switch error {
            case .truncated, .authenticationFailed: .authenticationFailed
            case .unacceptableKey: .unacceptableKey
            case .localMisuse: .localMisuse
            }
    }
}

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

/// Why a packet was not sealed, or a generation not started.
public enum PacketProtectionError: Error, Equatable, Sendable {
    /// The packet number is not above all sealed before under this connection id.
    case packetNumberNotIncreasing
    /// The packet number is 2^62 or more.
    case packetNumberOutOfRange
    /// This generation sealed all it may: wait for the next one (PROTOCOL §5.1).
    case generationExhausted
    /// The local sequence was never added, or was retired.
    case unknownSequence
    /// The plaintext is empty, or the buffer too small for it.
    case invalidSize
    /// Only the initiator starts generations.
    case notInitiator
    /// No packet of the present generation was acknowledged yet.
    case generationNotAcknowledged
    /// A ratchet offer has no answer yet, so the ends could disagree on the mix.
    case ratchetUnanswered
    /// The library failed.
    case backendFailed
}

/// The bounds of PROTOCOL §5.1. Tests make them small; nothing else changes them.
public struct PacketProtectionLimits: Sendable {
    /// After so many packets sent or received the next generation is due: 2^21.
    public var packetsUntilDue: UInt64 = 1 << 21
    /// The most packets sealed under one generation and connection id: 2^22. Far below what AES-GCM
    /// bears (RFC 9001 §6.6 allows 2^23 for full-size packets).
    public var packetsPerGeneration: UInt64 = 1 << 22
    /// After this time the next generation is due, if something was sent.
    public var generationAge: Duration = .seconds(600)
    /// After so many packets that failed to open the session is over: 2^36.
    public var failedOpens: UInt64 = 1 << 36

    /// The protocol's values.
    public init() {}
}

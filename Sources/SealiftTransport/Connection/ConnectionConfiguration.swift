public import SealiftCrypto

/// The choices of one connection; the defaults are those of `docs/PROTOCOL.md`.
public struct ConnectionConfiguration: Sendable {
    /// The largest datagram to send at first, in bytes: what every path carries (RFC 9000 §14).
    public var maximumDatagramSize = 1200

    /// The largest datagram that the search for the path's size may end with, in bytes; the size
    /// above, to search for none. Only an end that sends objects searches (PROTOCOL §5.2).
    public var datagramSizeCeiling = 65_487

    /// How long no packet may open before the session counts as lost (PROTOCOL §6.9).
    public var idleTimeout: Duration = .seconds(30)

    /// Whether the initiator sends a ping after ``keepAliveInterval`` of silence.
    public var keepAlive = true

    /// The silence after which the initiator pings (PROTOCOL §6.9).
    public var keepAliveInterval: Duration = .seconds(5)

    /// Bytes of the control stream that either end may send before the first credit (PROTOCOL §6.3).
    /// Both ends must hold the same value.
    public var initialControlCredit = 262_144

    /// What decides how much may be in flight.
    public var congestion: CongestionAlgorithm = .bbr()

    /// Bytes per second that packets of this end never exceed, whatever controls them; nil for no
    /// cap. At least 1,200.
    public var maximumRate: Double?

    /// Seeds the choice of packet numbers to skip: it must be unpredictable to the peer, for it is
    /// what exposes an ACK of packets that never arrived (RFC 9000 §21.4).
    public var packetNumberSkipSeed: UInt64

    /// Bounds on the use of one generation's keys (PROTOCOL §5.1); small only in tests.
    public var keyLimits = PacketProtectionLimits()

    /// Bytes sent and received after which the initiator offers a ratchet: 64 GiB (PROTOCOL §6.8).
    public var ratchetByteInterval: UInt64 = 64 << 30

    /// Time after which the initiator offers a ratchet (PROTOCOL §6.8).
    public var ratchetTimeInterval: Duration = .seconds(1800)

    /// Where the ratchet's keys come from.
    public var ratchetEntropy: any EntropySource = SystemEntropy()

    /// Makes the default configuration around an unpredictable seed.
    public init(packetNumberSkipSeed: UInt64) {
        self.packetNumberSkipSeed = packetNumberSkipSeed
    }
}

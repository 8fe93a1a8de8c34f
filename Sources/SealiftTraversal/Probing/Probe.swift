import SealiftBase

/// A socket of the driver's, by the driver's own number.
public struct ProbeSocket: Hashable, Sendable {
    /// What ``Probe/socket`` and ``ProbePath/socket`` will say.
    public let index: Int
    /// What it reaches.
    public let family: TransportAddress.Family
    /// Whether it is an address at a relay. Then private addresses mean a network that is the relay's, not
    /// ours, which a peer's list must not have probed.
    public let isRelayed: Bool

    /// Names a socket.
    public init(index: Int, family: TransportAddress.Family, isRelayed: Bool = false) {
        self.index = index
        self.family = family
        self.isRelayed = isRelayed
    }

    /// Whether probes may go from it to an address of a list.
    func reaches(_ address: TransportAddress) -> Bool {
        family == address.family && !(isRelayed && address.isPrivate)
    }
}

/// A datagram to send.
public struct Probe: Equatable, Sendable {
    /// The socket to send it from.
    public let socket: Int
    /// Where it goes.
    public let destination: TransportAddress
    /// The 64 bytes.
    public let bytes: [UInt8]
}

/// A way to the peer that a reply has proven.
public struct ProbePath: Hashable, Sendable {
    /// Our socket.
    public let socket: Int
    /// The peer's address as that socket reaches it.
    public let address: TransportAddress
    /// The shortest round trip seen.
    public let rtt: Duration
    /// Our address as the peer sees it; by the peer's word.
    public let seenAs: TransportAddress?

    init?(_ pair: ProbePair) {
        guard let rtt = pair.rtt else { return nil }
        socket = pair.socket
        address = pair.address
        self.rtt = rtt
        seenAs = pair.seenAs
    }
}

/// The probes that were sent, by their sequence. Bounded by the rate and the patience of an agent: some
/// four thousand.
struct SentProbes: Sendable {
    private struct SentProbe {
        let nonce: UInt64
        let socket: Int
        let address: TransportAddress
        let instant: Instant
        var isSettled = false
    }

    private var probes: [SentProbe] = []

    var count: Int { probes.count }
    /// When the last one went.
    var lastInstant: Instant? { probes.last?.instant }

    /// Remembers a probe and gives its sequence.
    mutating func add(
        nonce: UInt64, socket: Int, address: TransportAddress, now: Instant
    ) -> UInt32 {
        probes.append(SentProbe(nonce: nonce, socket: socket, address: address, instant: now))
        return UInt32(truncatingIfNeeded: probes.count - 1)
    }

    /// The round trip of a probe, where a reply is the first to it, repeats its nonce, and came to where
    /// it left, from where it went.
    mutating func settle(
        _ sequence: UInt32, nonce: UInt64, socket: Int, address: TransportAddress, now: Instant
    ) -> Duration? {
        guard let place = Int(exactly: sequence), place < probes.count else { return nil }
        let probe = probes[place]
        guard !probe.isSettled, probe.nonce == nonce, probe.socket == socket,
            probe.address == address
        else { return nil }
        probes[place].isSettled = true
        return now - probe.instant
    }
}

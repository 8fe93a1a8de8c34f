public import SealiftBase

/// One mapping of one UDP port at one gateway, by PCP or else NAT-PMP: both live at the gateway's port
/// 5351, and one packet tells which it speaks.
///
/// PCP has a head start: a gateway of today speaks it, and then NAT-PMP would only make the same
/// mapping a second time.
public struct GatewayMapping: Sendable {
    /// How it stands.
    public enum State: Equatable, Sendable {
        /// No answer yet.
        case asking
        /// The port is open; renewed by itself.
        case mapped(PortMapping)
        /// The gateway refuses, or nobody answers.
        case failed
        /// Taken back, or as good as that can be known.
        case released
    }

    /// The gateway's port for both protocols (RFC 6886 §3, RFC 6887 §19).
    public static let serverPort: UInt16 = 5_351
    /// The port at which gateways announce to all hosts that they started anew.
    public static let announcementPort: UInt16 = 5_350
    /// How long PCP is asked alone.
    static let headStart = Duration.milliseconds(400)
    /// How often it is said that the mapping is not needed any more.
    static let releaseCount = 3
    /// The time between two of them.
    static let releaseInterval = Duration.milliseconds(100)

    private var pcp: PCPMapping
    private var natPMP: NATPMPMapping?
    private let client: TransportAddress
    private let beginning: Instant
    /// What takes the mapping back, how often it was sent, and when it is due again.
    private var release: (requests: [[UInt8]], sent: Int, due: Instant)?
    private var isReleased = false
    private var isGivenUp = false

    /// Begins to ask.
    /// - Parameters:
    ///   - client: our address as the gateway sees it, with the port to map.
    ///   - entropy: 12 random bytes, by which answers are known.
    public init?(client: TransportAddress, entropy: [UInt8], now: Instant) {
        guard entropy.count == PCPMessage.nonceSize else { return nil }
        self.client = client
        beginning = now
        pcp = PCPMapping(client: client, nonce: entropy, now: now)
    }

    /// How it stands.
    public var state: State {
        if isReleased { return .released }
        if isGivenUp { return .failed }
        if case .mapped(let mapping) = pcp.state { return .mapped(mapping) }
        if case .mapped(let mapping)? = natPMP?.state { return .mapped(mapping) }
        if pcp.state == .asking || natPMP?.state == .asking || isNATPMPDue { return .asking }
        return .failed
    }

    /// NAT-PMP knows IPv4 only.
    private var isNATPMPDue: Bool { natPMP == nil && client.family == .ipv4 }

    /// When ``pollTransmit(now:)`` has something to do; nil for never.
    public var nextTimeout: Instant? {
        if let release { return release.due }
        if isReleased || isGivenUp { return nil }
        let fallback: Instant? =
            isNATPMPDue && !isPCPMapped
            ? (pcp.state == .asking ? beginning + Self.headStart : beginning) : nil
        return [pcp.nextTimeout, natPMP?.nextTimeout, fallback].compactMap { $0 }.min()
    }

    private var isPCPMapped: Bool { if case .mapped = pcp.state { true } else { false } }

    /// The datagrams to send to the gateway now.
    public mutating func pollTransmit(now: Instant) -> [[UInt8]] {
        if release != nil || isReleased { return pollRelease(now: now) }
        if isGivenUp { return [] }
        if isNATPMPDue, !isPCPMapped, pcp.state != .asking || now >= beginning + Self.headStart {
            natPMP = NATPMPMapping(port: client.port, now: now)
        }
        let first = pcp.pollTransmit(now: now).map { [$0] } ?? []
        return first + (natPMP?.pollTransmit(now: now) ?? [])
    }

    /// Takes a datagram that came from the gateway; anything else than an answer changes nothing.
    public mutating func receive(_ datagram: UnsafeRawBufferPointer, now: Instant) {
        if isGivenUp || isReleased { return }
        if release != nil {
            isReleased = pcp.receive(datagram, now: now) || isReleased
            isReleased = natPMP?.receive(datagram, now: now) ?? false || isReleased
            if isReleased { release = nil }
            return
        }
        if pcp.receive(datagram, now: now) {
            // The one mapping is enough; should both have made one, it is the same.
            if isPCPMapped, case .asking? = natPMP?.state { natPMP = nil }
        } else {
            _ = natPMP?.receive(datagram, now: now)
            if case .mapped? = natPMP?.state, pcp.state == .asking { pcp.giveUp() }
        }
    }

    /// Asks no more, for UPnP was quicker.
    public mutating func giveUp() {
        if case .asking = state { isGivenUp = true }
    }

    /// Takes the mapping back: ``pollTransmit(now:)`` says so to the gateway.
    public mutating func takeBack(now: Instant) {
        guard release == nil, !isReleased else { return }
        let wasMapped = if case .mapped = state { true } else { false }
        isGivenUp = false
        let requests = [pcp.release(), natPMP?.release()].compactMap { $0 }
        guard !requests.isEmpty else {
            isReleased = true
            return
        }
        // What was never granted needs no answer: one word in case a grant is on its way.
        release = (requests, wasMapped ? 0 : Self.releaseCount - 1, now)
    }

    private mutating func pollRelease(now: Instant) -> [[UInt8]] {
        guard let (requests, sent, due) = release, now >= due else { return [] }
        release = (requests, sent + 1, now + Self.releaseInterval)
        if sent == Self.releaseCount - 1 {
            release = nil
            isReleased = true
        }
        return requests
    }
}

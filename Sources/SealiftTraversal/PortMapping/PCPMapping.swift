import SealiftBase

/// One mapping asked of a gateway by PCP (RFC 6887 §11), kept alive, and taken back.
///
/// Only an answer with our nonce counts: who cannot read our packets cannot answer for the gateway.
struct PCPMapping: Sendable {
    /// How it stands.
    enum State: Equatable {
        /// No answer yet, or none any more.
        case asking
        /// Granted.
        case mapped(PortMapping)
        /// Refused with this result (§7.4); 1 where the gateway speaks another version.
        case refused(UInt8)
        /// Nobody answers.
        case silent
    }

    private(set) var state = State.asking
    private var schedule: MappingSchedule
    private var epoch = GatewayEpoch()
    private let client: TransportAddress
    private let nonce: [UInt8]

    /// Begins to ask.
    /// - Parameters:
    ///   - client: our address as the gateway sees it, with the port to map.
    ///   - nonce: 12 random bytes.
    init(client: TransportAddress, nonce: [UInt8], now: Instant) {
        precondition(nonce.count == PCPMessage.nonceSize)
        self.client = client
        self.nonce = nonce
        schedule = MappingSchedule(now: now)
    }

    /// When ``pollTransmit(now:)`` has something to do.
    var nextTimeout: Instant? { schedule.next }

    /// The request, where one is due.
    mutating func pollTransmit(now: Instant) -> [UInt8]? {
        switch schedule.fire(now: now) {
        case .nothing: return nil
        case .ask: return request(seconds: UInt32(PortMapping.requestedLifetime.components.seconds))
        case .over:
            state = .silent
            return nil
        }
    }

    /// Takes a datagram that came from the gateway.
    /// - Returns: whether it was for this mapping.
    mutating func receive(_ datagram: UnsafeRawBufferPointer, now: Instant) -> Bool {
        switch PCPMessage.response(datagram) {
        case .map(let result, let seconds, let clock, let nonce, let port, let external):
            guard nonce == self.nonce, port == client.port else { return false }
            _ = epoch.isReset(byHearing: clock, now: now)
            guard result == 0, seconds > 0 else {
                refuse(result)
                return true
            }
            let mapping = PortMapping(.pcp, external: external, seconds: seconds)
            schedule.granted(mapping.lifetime, now: now)
            state = .mapped(mapping)
        case .error(let result, _):
            // Without the nonce it may end a question, never a mapping that stands.
            guard state == .asking else { return false }
            refuse(result)
        case .otherVersion:
            guard state == .asking else { return false }
            refuse(1)
        case .announce(let clock):
            guard case .mapped = state, epoch.isReset(byHearing: clock, now: now) else {
                return false
            }
            // The mapping is gone there; what we know of it holds until the gateway says otherwise.
            schedule.restart(now: now)
        case nil:
            return false
        }
        return true
    }

    /// What takes the mapping back (§15.1); nil where none was asked for.
    mutating func release() -> [UInt8]? {
        defer { schedule.stop() }
        guard schedule.hasAsked, state == .asking || isMapped else { return nil }
        return request(seconds: 0)
    }

    /// Asks no more, for somebody else was quicker.
    mutating func giveUp() {
        state = .silent
        schedule.stop()
    }

    private var isMapped: Bool { if case .mapped = state { true } else { false } }

    private mutating func refuse(_ result: UInt8) {
        state = .refused(result)
        schedule.stop()
    }

    private func request(seconds: UInt32) -> [UInt8] {
        var suggested: TransportAddress?
        if seconds > 0, case .mapped(let mapping) = state { suggested = mapping.external }
        return PCPMessage.mapRequest(
            client: client, nonce: nonce, seconds: seconds,
            suggested: seconds > 0
                ? suggested
                    ?? TransportAddress(
                        bytes: [UInt8](repeating: 0, count: client.family.byteCount),
                        port: client.port)
                : nil)
    }
}

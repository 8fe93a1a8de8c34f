import SealiftBase

/// One mapping asked of a gateway by NAT-PMP (RFC 6886 §3.3), kept alive, and taken back.
///
/// The protocol has neither nonce nor key; that answers come from the gateway's address, to a port
/// that we chose at random, is all that speaks for them.
struct NATPMPMapping: Sendable {
    /// How it stands.
    enum State: Equatable {
        /// No answer yet, or none any more.
        case asking
        /// Granted.
        case mapped(PortMapping)
        /// Refused with this result (§3.5).
        case refused(UInt16)
        /// Nobody answers.
        case silent
    }

    private(set) var state = State.asking
    private var schedule: MappingSchedule
    private var epoch = GatewayEpoch()
    private let port: UInt16
    private var address: TransportAddress?
    private var granted: (port: UInt16, seconds: UInt32)?

    /// Begins to ask for a mapping of our `port`.
    init(port: UInt16, now: Instant) {
        self.port = port
        schedule = MappingSchedule(now: now)
    }

    /// When ``pollTransmit(now:)`` has something to do.
    var nextTimeout: Instant? { schedule.next }

    /// The two requests, where they are due: for the address, and for the port.
    mutating func pollTransmit(now: Instant) -> [[UInt8]] {
        switch schedule.fire(now: now) {
        case .nothing: return []
        case .ask:
            return [
                NATPMPMessage.addressRequest,
                NATPMPMessage.mapRequest(
                    internalPort: port, externalPort: granted?.port ?? port,
                    seconds: UInt32(PortMapping.requestedLifetime.components.seconds)),
            ]
        case .over:
            state = .silent
            return []
        }
    }

    /// Takes a datagram that came from the gateway.
    /// - Returns: whether it was for this mapping.
    mutating func receive(_ datagram: UnsafeRawBufferPointer, now: Instant) -> Bool {
        guard schedule.hasAsked else { return false }
        switch NATPMPMessage.response(datagram) {
        case .address(let address, let clock):
            self.address = address
            noteEpoch(clock, now: now)
        case .map(let internalPort, let externalPort, let seconds, let clock):
            guard internalPort == port, externalPort > 0, seconds > 0 else { return false }
            granted = (externalPort, seconds)
            noteEpoch(clock, now: now)
            schedule.granted(mapping?.lifetime ?? PortMapping.requestedLifetime, now: now)
        case .refused(let result):
            // It may end a question, never a mapping that stands.
            guard state == .asking else { return false }
            state = .refused(result)
            schedule.stop()
            return true
        case nil:
            return false
        }
        if let mapping { state = .mapped(mapping) }
        return true
    }

    /// What takes the mapping back (§3.4); nil where none was asked for.
    mutating func release() -> [UInt8]? {
        defer { schedule.stop() }
        guard schedule.hasAsked else { return nil }
        switch state {
        case .asking, .mapped:
            return NATPMPMessage.mapRequest(internalPort: port, externalPort: 0, seconds: 0)
        case .refused, .silent: return nil
        }
    }

    private var mapping: PortMapping? {
        guard let address, let granted else { return nil }
        return PortMapping(
            .natPMP, external: address.with(port: granted.port), seconds: granted.seconds)
    }

    /// A gateway that started anew is asked again at once; the mapping counts meanwhile.
    private mutating func noteEpoch(_ clock: UInt32, now: Instant) {
        if epoch.isReset(byHearing: clock, now: now), case .mapped = state {
            schedule.restart(now: now)
        }
    }
}

/// The controller of a connection, under the user's cap on the rate.
struct CongestionControl {
    // One of the four. Optionals rather than an enum's payloads, so that each is changed in place: with
    // every packet and every ACK.
    private var bbr: Bbr?
    private var cubic: Cubic?
    private var background: Ledbat?
    private var fixedRate: FixedRate?
    /// What the controller decided with the latest event: asked for with every packet, so it is kept
    /// here rather than read out of the controller, which would be copied for it.
    private var decision: CongestionDecision
    /// Bytes per second that no controller may exceed; nil for no cap.
    private let rateCap: Double?
    /// The least cap, in bytes per second: one small datagram a second keeps a session alive.
    static let leastRate = 1200.0

    /// Makes the controller of an algorithm.
    /// - Parameters:
    ///   - rateCap: bytes per second; nil for none.
    ///   - seed: of what the algorithm draws at random.
    init(_ algorithm: CongestionAlgorithm, rateCap: Double?, datagramSize: Int, seed: UInt64) {
        self.rateCap = rateCap.map { max($0, Self.leastRate) }
        switch algorithm {
        case .bbr(let tolerance):
            let controller = Bbr(datagramSize: datagramSize, lossTolerance: tolerance, seed: seed)
            (bbr, decision) = (controller, controller.decision)
        case .cubic:
            let controller = Cubic(datagramSize: datagramSize)
            (cubic, decision) = (controller, controller.decision)
        case .background:
            let controller = Ledbat(datagramSize: datagramSize)
            (background, decision) = (controller, controller.decision)
        case .fixedRate(let rate):
            let controller = FixedRate(bytesPerSecond: rate)
            (fixedRate, decision) = (controller, controller.decision)
        }
    }

    /// Bytes that may be in flight.
    var congestionWindow: Int { decision.congestionWindow }

    /// Bytes per second at which packets leave; nil to send as the window allows.
    var pacingRate: Double? {
        guard let rateCap else { return decision.pacingRate }
        return min(decision.pacingRate ?? rateCap, rateCap)
    }

    /// Times the window was reduced.
    var reductions: UInt64 { decision.reductions }

    /// Whether the rate is held down on purpose: samples of packets that leave now are lower bounds.
    var holdsRateDown: Bool { decision.holdsRateDown }

    /// Whether the controller doubles its rate each round trip.
    var isStartingUp: Bool { decision.isStartingUp }

    /// Whether the cap, not the controller, sets the rate.
    private var isCapped: Bool {
        guard let rateCap else { return false }
        return decision.pacingRate.map { $0 > rateCap } ?? true
    }

    /// Tells the controller what happened.
    mutating func handle(_ event: CongestionEvent) {
        guard isCapped, case .acknowledged(var acknowledgement) = event else {
            return decide(event)
        }
        // A window that the cap leaves unused must not grow (RFC 9002 §7.8).
        let used = acknowledgement.bytesInFlight + acknowledgement.bytes
        if used < congestionWindow / 2 { acknowledgement.isApplicationLimited = true }
        decide(.acknowledged(acknowledgement))
    }

    private mutating func decide(_ event: CongestionEvent) {
        decision =
            bbr?.decide(event) ?? cubic?.decide(event) ?? background?.decide(event)
            ?? fixedRate?.decide(event) ?? decision
    }
}

/// The controller of a connection, under the user's cap on the rate.
struct CongestionControl {
    // One of the four. Optionals rather than an enum's payloads, so that each is changed in place: with
    // every packet and every ACK.
    private var bbr: Bbr?
    private var cubic: Cubic?
    private var background: Ledbat?
    private var fixedRate: FixedRate?
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
            bbr = Bbr(datagramSize: datagramSize, lossTolerance: tolerance, seed: seed)
        case .cubic: cubic = Cubic(datagramSize: datagramSize)
        case .background: background = Ledbat(datagramSize: datagramSize)
        case .fixedRate(let rate): fixedRate = FixedRate(bytesPerSecond: rate)
        }
    }

    /// Bytes that may be in flight.
    var congestionWindow: Int {
        bbr?.congestionWindow ?? cubic?.congestionWindow ?? background?.congestionWindow
            ?? fixedRate?.congestionWindow
            ?? 0
    }

    /// Bytes per second at which packets leave; nil to send as the window allows.
    var pacingRate: Double? {
        let rate = uncappedRate
        guard let rateCap else { return rate }
        return min(rate ?? rateCap, rateCap)
    }

    private var uncappedRate: Double? {
        bbr?.pacingRate ?? cubic?.pacingRate ?? background?.pacingRate ?? fixedRate?.pacingRate
    }

    /// Times the window was reduced.
    var reductions: UInt64 {
        bbr?.reductions ?? cubic?.reductions ?? background?.reductions ?? fixedRate?.reductions
            ?? 0
    }

    /// Whether the rate is held down on purpose: samples of packets that leave now are lower bounds.
    var holdsRateDown: Bool {
        bbr?.holdsRateDown ?? false
    }

    /// Whether the controller doubles its rate each round trip.
    var isStartingUp: Bool {
        bbr?.isStartingUp ?? false
    }

    /// Whether the cap, not the controller, sets the rate.
    private var isCapped: Bool {
        guard let rateCap else { return false }
        return uncappedRate.map { $0 > rateCap } ?? true
    }

    /// Tells the controller what happened.
    mutating func handle(_ event: CongestionEvent) {
        var event = event
        if case .acknowledged(var acknowledgement) = event, isCapped {
            // A window that the cap leaves unused must not grow (RFC 9002 §7.8).
            let used = acknowledgement.bytesInFlight + acknowledgement.bytes
            if used < congestionWindow / 2 { acknowledgement.isApplicationLimited = true }
            event = .acknowledged(acknowledgement)
        }
        bbr?.handle(event)
        cubic?.handle(event)
        background?.handle(event)
        fixedRate?.handle(event)
    }
}

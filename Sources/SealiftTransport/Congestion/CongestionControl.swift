/// The controller of a connection, under the user's cap on the rate.
struct CongestionControl {
    private enum Controller {
        case bbr(Bbr)
        case cubic(Cubic)
        case background(Ledbat)
        case fixedRate(FixedRate)
    }

    private var controller: Controller
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
            controller = .bbr(
                Bbr(datagramSize: datagramSize, lossTolerance: tolerance, seed: seed))
        case .cubic: controller = .cubic(Cubic(datagramSize: datagramSize))
        case .background: controller = .background(Ledbat(datagramSize: datagramSize))
        case .fixedRate(let rate): controller = .fixedRate(FixedRate(bytesPerSecond: rate))
        }
    }

    /// Bytes that may be in flight.
    var congestionWindow: Int {
        switch controller {
        case .bbr(let controller): controller.congestionWindow
        case .cubic(let controller): controller.congestionWindow
        case .background(let controller): controller.congestionWindow
        case .fixedRate(let controller): controller.congestionWindow
        }
    }

    /// Bytes per second at which packets leave; nil to send as the window allows.
    var pacingRate: Double? {
        let rate = uncappedRate
        guard let rateCap else { return rate }
        return min(rate ?? rateCap, rateCap)
    }

    private var uncappedRate: Double? {
        switch controller {
        case .bbr(let controller): controller.pacingRate
        case .cubic(let controller): controller.pacingRate
        case .background(let controller): controller.pacingRate
        case .fixedRate(let controller): controller.pacingRate
        }
    }

    /// Times the window was reduced.
    var reductions: UInt64 {
        switch controller {
        case .bbr(let controller): controller.reductions
        case .cubic(let controller): controller.reductions
        case .background(let controller): controller.reductions
        case .fixedRate(let controller): controller.reductions
        }
    }

    /// Whether the rate is held down on purpose: samples of packets that leave now are lower bounds.
    var holdsRateDown: Bool {
        if case .bbr(let controller) = controller { return controller.holdsRateDown }
        return false
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
        // The payloads are plain numbers: taking them out and putting them back copies a few cache
        // lines, changing them in place would go through the enum.
        switch controller {
        case .bbr(var state):
            state.handle(event)
            controller = .bbr(state)
        case .cubic(var state):
            state.handle(event)
            controller = .cubic(state)
        case .background(var state):
            state.handle(event)
            controller = .background(state)
        case .fixedRate(var state):
            state.handle(event)
            controller = .fixedRate(state)
        }
    }
}

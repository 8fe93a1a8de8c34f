/// What a controller decided, as ``CongestionController`` describes it.
struct CongestionDecision {
    var congestionWindow: Int
    var pacingRate: Double?
    var reductions: UInt64
    var holdsRateDown: Bool
    var isStartingUp: Bool
}

/// What decides how many bytes may be in flight and how fast they leave.
///
/// Controllers hear events and never see packets. They are concrete values behind
/// ``CongestionControl``: no existential per packet.
protocol CongestionController {
    /// Bytes that may be in flight.
    var congestionWindow: Int { get }
    /// Bytes per second at which packets leave; nil to send as the window allows.
    var pacingRate: Double? { get }
    /// Times the window was reduced.
    var reductions: UInt64 { get }
    /// Whether the rate is held down on purpose: samples of packets that leave now are lower bounds.
    var holdsRateDown: Bool { get }
    /// Whether it doubles its rate each round trip: what it hears late then costs most.
    var isStartingUp: Bool { get }

    mutating func packetSent(_ event: DepartureEvent)
    mutating func acknowledged(_ event: AcknowledgementEvent)
    mutating func lost(_ event: LossEvent)
    mutating func packetLost(_ packet: LostPacket, now: Int64)
    mutating func lossesWereSpurious(packets: Int, newestSentAt: Int64)
    mutating func congestionExperienced(sentAt: Int64, now: Int64)
    mutating func persistentCongestion(now: Int64)
    mutating func datagramSizeChanged(to size: Int)
}

extension CongestionController {
    var holdsRateDown: Bool { false }
    var isStartingUp: Bool { false }

    mutating func packetSent(_ event: DepartureEvent) {}
    mutating func packetLost(_ packet: LostPacket, now: Int64) {}

    /// Takes in one event.
    @inline(__always)
    mutating func handle(_ event: CongestionEvent) {
        switch event {
        case .packetSent(let event): packetSent(event)
        case .acknowledged(let event): acknowledged(event)
        case .lost(let event): lost(event)
        case .packetLost(let packet, let now): packetLost(packet, now: now)
        case .lossesWereSpurious(let packets, let newestSentAt):
            lossesWereSpurious(packets: packets, newestSentAt: newestSentAt)
        case .congestionExperienced(let sentAt, let now):
            congestionExperienced(sentAt: sentAt, now: now)
        case .persistentCongestion(let now): persistentCongestion(now: now)
        case .datagramSizeChanged(let size): datagramSizeChanged(to: size)
        }
    }

    /// What the controller says now.
    @inline(__always)
    var decision: CongestionDecision {
        CongestionDecision(
            congestionWindow: congestionWindow, pacingRate: pacingRate, reductions: reductions,
            holdsRateDown: holdsRateDown, isStartingUp: isStartingUp)
    }

    /// Takes in one event.
    /// - Returns: what it says then.
    @inline(__always)
    mutating func decide(_ event: CongestionEvent) -> CongestionDecision {
        handle(event)
        return decision
    }
}

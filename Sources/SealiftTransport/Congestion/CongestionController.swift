/// What decides how many bytes may be in flight and how fast they leave.
///
/// Controllers hear events and never see packets. Times are nanoseconds of the connection's clock,
/// sizes bytes. They are concrete values behind ``CongestionControl``: no existential per packet.
protocol CongestionController {
    /// Bytes that may be in flight.
    var congestionWindow: Int { get }
    /// Bytes per second at which packets leave; nil to send as the window allows.
    var pacingRate: Double? { get }
    /// Times the window was reduced.
    var reductions: UInt64 { get }

    /// A packet in flight left.
    mutating func packetSent(number: UInt64, bytes: Int, now: Int64)
    /// An ACK settled packets.
    mutating func acknowledged(_ event: AcknowledgementEvent)
    /// Packets were declared lost.
    mutating func lost(_ event: LossEvent)
    /// Packets declared lost had arrived after all.
    mutating func lossesWereSpurious(packets: Int, newestSentAt: Int64)
    /// The peer reports packets marked *congestion experienced*; the newest left at `sentAt`.
    mutating func congestionExperienced(sentAt: Int64, now: Int64)
    /// Everything was lost for longer than a path's hiccup lasts (RFC 9002 §7.6).
    mutating func persistentCongestion()
    /// The path carries datagrams of another size.
    mutating func datagramSizeChanged(to size: Int)
}

/// What a controller learns from an ACK.
struct AcknowledgementEvent {
    var now: Int64
    /// Bytes newly acknowledged.
    var bytes: Int
    /// The largest packet number newly acknowledged, and when it was sent.
    var largest: UInt64
    var largestSentAt: Int64
    /// Bytes still in flight afterwards.
    var bytesInFlight: Int
    /// Whether the window was not used up for want of data: then it must not grow (RFC 9002 §7.8).
    var isApplicationLimited: Bool
    var rtt: RTTEstimator
    /// Whether `rtt.latest` is a sample of this ACK.
    var hasRTTSample: Bool
    var deliveryRate: DeliveryRate?
}

/// What a controller learns from losses.
struct LossEvent {
    var now: Int64
    var packets: Int
    var bytes: Int
    /// When the newest lost packet was sent.
    var newestSentAt: Int64
}

/// The controller of a connection.
enum CongestionControl {
    case cubic(Cubic)
    case fixedRate(FixedRate)

    /// Makes the controller of an algorithm.
    init(_ algorithm: CongestionAlgorithm, datagramSize: Int) {
        switch algorithm {
        case .cubic: self = .cubic(Cubic(datagramSize: datagramSize))
        case .fixedRate(let rate): self = .fixedRate(FixedRate(bytesPerSecond: rate))
        }
    }
}

extension CongestionControl: CongestionController {
    var congestionWindow: Int {
        switch self {
        case .cubic(let controller): controller.congestionWindow
        case .fixedRate(let controller): controller.congestionWindow
        }
    }

    var pacingRate: Double? {
        switch self {
        case .cubic(let controller): controller.pacingRate
        case .fixedRate(let controller): controller.pacingRate
        }
    }

    var reductions: UInt64 {
        switch self {
        case .cubic(let controller): controller.reductions
        case .fixedRate(let controller): controller.reductions
        }
    }

    mutating func packetSent(number: UInt64, bytes: Int, now: Int64) {
        update(
            { $0.packetSent(number: number, bytes: bytes, now: now) },
            { $0.packetSent(number: number, bytes: bytes, now: now) })
    }

    mutating func acknowledged(_ event: AcknowledgementEvent) {
        update({ $0.acknowledged(event) }, { $0.acknowledged(event) })
    }

    mutating func lost(_ event: LossEvent) {
        update({ $0.lost(event) }, { $0.lost(event) })
    }

    mutating func lossesWereSpurious(packets: Int, newestSentAt: Int64) {
        update(
            { $0.lossesWereSpurious(packets: packets, newestSentAt: newestSentAt) },
            { $0.lossesWereSpurious(packets: packets, newestSentAt: newestSentAt) })
    }

    mutating func congestionExperienced(sentAt: Int64, now: Int64) {
        update(
            { $0.congestionExperienced(sentAt: sentAt, now: now) },
            { $0.congestionExperienced(sentAt: sentAt, now: now) })
    }

    mutating func persistentCongestion() {
        update({ $0.persistentCongestion() }, { $0.persistentCongestion() })
    }

    mutating func datagramSizeChanged(to size: Int) {
        update({ $0.datagramSizeChanged(to: size) }, { $0.datagramSizeChanged(to: size) })
    }

    // The closures never escape and are inlined; the payloads are plain numbers, so that taking
    // them out and putting them back copies a cache line or two.
    @inline(__always)
    private mutating func update(_ cubic: (inout Cubic) -> Void, _ fixed: (inout FixedRate) -> Void)
    {
        switch self {
        case .cubic(var controller):
            cubic(&controller)
            self = .cubic(controller)
        case .fixedRate(var controller):
            fixed(&controller)
            self = .fixedRate(controller)
        }
    }
}

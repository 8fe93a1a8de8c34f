/// What a controller hears. Times are nanoseconds of the connection's clock, sizes bytes.
enum CongestionEvent {
    /// A packet in flight left.
    case packetSent(DepartureEvent)
    /// An ACK settled packets.
    case acknowledged(AcknowledgementEvent)
    /// Packets were declared lost: all of one detection together, after each of them alone.
    case lost(LossEvent)
    /// One packet was declared lost.
    case packetLost(LostPacket, now: Int64)
    /// Packets declared lost had arrived after all; the newest of them left at `newestSentAt`.
    case lossesWereSpurious(packets: Int, newestSentAt: Int64)
    /// The peer reports packets marked *congestion experienced*; the newest left at `sentAt`.
    case congestionExperienced(sentAt: Int64, now: Int64)
    /// Everything was lost for longer than a path's hiccup lasts (RFC 9002 §7.6).
    case persistentCongestion(now: Int64)
    /// The path carries datagrams of another size.
    case datagramSizeChanged(Int)
}

/// What a controller learns when a packet leaves.
struct DepartureEvent {
    var now: Int64
    var number: UInt64
    var bytes: Int
    /// Bytes in flight, this packet included.
    var bytesInFlight: Int
    /// Whether, before it, there was nothing to send although window and rate allowed it.
    var followsApplicationLimit: Bool
}

/// What a controller learns from an ACK.
struct AcknowledgementEvent {
    var now: Int64
    /// Bytes newly acknowledged that were still in flight.
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
    /// What the ACK says about delivery; nil if it acknowledged nothing that was in flight.
    var sample: RateSample?
}

/// What a controller learns from losses.
struct LossEvent {
    var now: Int64
    var packets: Int
    var bytes: Int
    /// When the newest lost packet was sent.
    var newestSentAt: Int64
}

/// One packet that was declared lost, and what was known when it left.
struct LostPacket {
    var number: UInt64
    var bytes: Int
    var sentAt: Int64
    /// Bytes in flight when it was sent, itself included (draft-ietf-ccwg-bbr §4.1.2: P.tx_in_flight).
    var bytesInFlightAtSend: Int
    /// Bytes declared lost since it was sent, itself included.
    var lostSinceSent: Int
    /// Whether the application, not the path, set the rate when it was sent.
    var isApplicationLimited: Bool
}

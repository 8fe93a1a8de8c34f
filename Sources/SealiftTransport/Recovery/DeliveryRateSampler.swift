/// Measures how fast packets reach the peer (draft-ietf-ccwg-bbr §4.1, "Delivery Rate Samples").
struct DeliveryRateSampler {
    /// Bytes delivered in all.
    private(set) var delivered: UInt64 = 0
    private var deliveredAt: Int64 = 0
    private var firstSentAt: Int64 = 0
    /// Packets sent until this many bytes are delivered are marked application-limited; 0 for none.
    private var applicationLimitedUntil: UInt64 = 0
    /// The latest sample, in bytes per second.
    private(set) var latest: DeliveryRate?

    // The newest packet of the ACK under way.
    private var newest: SentPacket?

    /// Stamps a packet that is about to be sent.
    mutating func stamp(_ packet: inout SentPacket, bytesInFlight: Int) {
        if bytesInFlight == 0 {
            deliveredAt = packet.sentAt
            firstSentAt = packet.sentAt
        }
        packet.delivered = delivered
        packet.deliveredAt = deliveredAt
        packet.firstSentAt = firstSentAt
        packet.isApplicationLimited = applicationLimitedUntil > 0
    }

    /// The application has nothing more to send although the window is open.
    mutating func applicationIsLimiting(bytesInFlight: Int) {
        applicationLimitedUntil = max(delivered + UInt64(max(0, bytesInFlight)), 1)
    }

    /// One packet was acknowledged.
    mutating func acknowledged(_ packet: SentPacket, now: Int64) {
        delivered += UInt64(packet.size)
        deliveredAt = now
        if newest.map({ packet.sentAt >= $0.sentAt }) ?? true { newest = packet }
    }

    /// Ends an ACK: a new sample if it acknowledged anything.
    mutating func finish(minimumRTT: Int64) {
        guard let packet = newest else { return }
        newest = nil
        firstSentAt = packet.sentAt
        if applicationLimitedUntil > 0, delivered > applicationLimitedUntil {
            applicationLimitedUntil = 0
        }
        let interval = max(packet.sentAt - packet.firstSentAt, deliveredAt - packet.deliveredAt)
        // A shorter interval than any round trip is an artefact of ACKs that came together.
        guard interval > 0, interval >= minimumRTT else { return }
        latest = DeliveryRate(
            bytesPerSecond: Double(delivered - packet.delivered) * 1e9 / Double(interval),
            isApplicationLimited: packet.isApplicationLimited)
    }
}

/// One sample of the rate of delivery.
struct DeliveryRate: Equatable {
    var bytesPerSecond: Double
    /// Whether the application, not the path, set this rate: then it is a lower bound.
    var isApplicationLimited: Bool
}

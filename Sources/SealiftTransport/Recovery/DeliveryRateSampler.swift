/// Measures how fast packets reach the peer (draft-ietf-ccwg-bbr-06 §4.1, "Delivery Rate Samples").
struct DeliveryRateSampler {
    /// Bytes of packets in flight delivered in all.
    private(set) var delivered: UInt64 = 0
    /// Bytes of packets in flight that are lost, as far as is known.
    private(set) var lost: UInt64 = 0
    private var deliveredAt: Int64 = 0
    private var firstSentAt: Int64 = 0
    /// Packets sent until this many bytes are delivered are marked application-limited; 0 for none.
    private var applicationLimitedUntil: UInt64 = 0
    /// The latest reliable rate, in bytes per second.
    private(set) var latest: DeliveryRate?
    /// The packets declared lost and not yet told to the controller.
    private(set) var lostPackets: [LostPacket] = []

    // The newest packet of the ACK under way, and what the ACK delivered.
    private var newest: SentPacket?
    private var newestNumber: UInt64 = 0
    private var newlyDelivered = 0

    /// Stamps a packet that is about to be sent.
    /// - Parameter bytesInFlight: without it.
    mutating func stamp(_ packet: inout SentPacket, bytesInFlight: Int) {
        guard packet.isInFlight else { return }
        if bytesInFlight == 0 {
            deliveredAt = packet.sentAt
            firstSentAt = packet.sentAt
        }
        packet.delivered = delivered
        packet.deliveredAt = deliveredAt
        packet.firstSentAt = firstSentAt
        packet.lost = lost
        packet.bytesInFlight = bytesInFlight + Int(packet.size)
        packet.isApplicationLimited = applicationLimitedUntil > 0
    }

    /// The application has nothing more to send although the window is open.
    mutating func applicationIsLimiting(bytesInFlight: Int) {
        applicationLimitedUntil = max(delivered + UInt64(max(0, bytesInFlight)), 1)
    }

    /// One packet was acknowledged; one that was declared lost was not after all.
    mutating func acknowledged(_ packet: SentPacket, number: UInt64, now: Int64) {
        guard packet.isInFlight else { return }
        let size = UInt64(max(0, packet.size))
        if packet.fate == .lost { lost -= min(lost, size) }
        delivered += size
        deliveredAt = now
        newlyDelivered += Int(size)
        if let newest, (packet.sentAt, number) < (newest.sentAt, newestNumber) { return }
        newest = packet
        newestNumber = number
    }

    /// One packet in flight was declared lost.
    mutating func lost(_ packet: SentPacket, number: UInt64) {
        lost += UInt64(max(0, packet.size))
        lostPackets.append(
            LostPacket(
                number: number, bytes: Int(packet.size), sentAt: packet.sentAt,
                bytesInFlightAtSend: packet.bytesInFlight,
                lostSinceSent: lostSince(packet), isApplicationLimited: packet.isApplicationLimited
            ))
    }

    /// The controller knows the packets declared lost.
    mutating func forgetLostPackets() {
        lostPackets.removeAll(keepingCapacity: true)
    }

    private func lostSince(_ packet: SentPacket) -> Int {
        Int(lost - min(lost, packet.lost))
    }

    /// Ends an ACK.
    /// - Returns: what it says; nil if it acknowledged nothing that was in flight.
    mutating func finish(now: Int64, minimumRTT: Int64) -> RateSample? {
        guard let packet = newest else { return nil }
        newest = nil
        firstSentAt = packet.sentAt
        if applicationLimitedUntil > 0, delivered > applicationLimitedUntil {
            applicationLimitedUntil = 0
        }
        let interval = max(packet.sentAt - packet.firstSentAt, deliveredAt - packet.deliveredAt)
        var sample = RateSample(
            bytesPerSecond: 0, delivered: delivered - packet.delivered,
            priorDelivered: packet.delivered, totalDelivered: delivered,
            newlyDelivered: newlyDelivered, lost: lostSince(packet),
            bytesInFlightAtSend: packet.bytesInFlight, roundTrip: now - packet.sentAt,
            isApplicationLimited: packet.isApplicationLimited)
        newlyDelivered = 0
        // A shorter interval than any round trip is an artefact of ACKs that came together.
        if interval > 0, interval >= minimumRTT {
            sample.bytesPerSecond = Double(sample.delivered) * 1e9 / Double(interval)
            latest = DeliveryRate(
                bytesPerSecond: sample.bytesPerSecond,
                isApplicationLimited: packet.isApplicationLimited)
        }
        return sample
    }
}

/// What one ACK says about delivery (draft-ietf-ccwg-bbr-06 §2.3: RS). The *packet* is the most
/// recently sent among those it newly acknowledged.
struct RateSample: Equatable {
    /// Bytes per second between the packet's sending and its ACK; 0 if no rate can be told.
    var bytesPerSecond: Double
    /// Bytes delivered over that time.
    var delivered: UInt64
    /// Bytes delivered in all when the packet was sent, and now.
    var priorDelivered: UInt64
    var totalDelivered: UInt64
    /// Bytes this ACK newly acknowledged.
    var newlyDelivered: Int
    /// Bytes declared lost between the packet's sending and its ACK.
    var lost: Int
    /// Bytes in flight when the packet was sent, itself included.
    var bytesInFlightAtSend: Int
    /// Time from the packet's sending to its ACK, in nanoseconds.
    var roundTrip: Int64
    /// Whether the application, not the path, set this rate: then it is a lower bound.
    var isApplicationLimited: Bool
}

/// One sample of the rate of delivery.
struct DeliveryRate: Equatable {
    var bytesPerSecond: Double
    /// Whether the application, not the path, set this rate: then it is a lower bound.
    var isApplicationLimited: Bool
}

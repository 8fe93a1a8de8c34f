import SealiftBase

/// How often the sender of bulk wants ACKs: about eight a window, so that neither end spends its
/// time on them (draft-ietf-quic-ack-frequency); sixteen while the sender starts up, when each is news
/// of a higher rate.
struct AcknowledgementFrequencyPolicy {
    /// The most packets one ACK may stand for.
    static let packetLimit: UInt64 = 64
    /// ACKs for one window of packets, and while the sender starts up. With eight the last eighth of each
    /// round is heard of late: a third of a round trip is lost until half of 500 Mbit/s is in use (at
    /// 100 ms; `CongestionRowTests`).
    static let perWindow: (steady: UInt64, startingUp: UInt64) = (8, 16)
    /// The least and most delay asked for, in microseconds: timers finer than 1 ms are not kept by
    /// operating systems, and 25 ms is what holds without a request.
    static let delayRange: ClosedRange<Int64> = 1_000...25_000

    /// What was asked for last; the peer's default before anything was.
    private(set) var latest = AcknowledgementFrequency(
        sequence: 0, packets: 2, delayMicroseconds: 25_000)
    /// The next request's sequence.
    private var nextSequence: UInt64 = 0
    /// No new request before this instant: at most one a round trip.
    private var quietUntil = Instant.zero

    /// A new request, if the window or the round-trip time changed enough to be worth one.
    mutating func update(
        congestionWindow: Int, isStartingUp: Bool, datagramSize: Int,
        minimumRTTNanoseconds: Int64, smoothedRTTNanoseconds: Int64, now: Instant
    ) -> AcknowledgementFrequency? {
        guard now >= quietUntil else { return nil }
        let windowPackets = UInt64(max(0, congestionWindow / max(1, datagramSize)))
        let perWindow = isStartingUp ? Self.perWindow.startingUp : Self.perWindow.steady
        let packets = min(max(windowPackets / perWindow, 2), Self.packetLimit)
        let quarter = minimumRTTNanoseconds / 4000
        let delay = UInt64(
            min(max(quarter, Self.delayRange.lowerBound), Self.delayRange.upperBound))
        let packetsMoved =
            packets >= latest.packets * 2 || packets * 2 <= latest.packets
            || (packets == Self.packetLimit && latest.packets != packets)
        let delayMoved =
            delay * 4 > latest.delayMicroseconds * 5 || delay * 5 < latest.delayMicroseconds * 4
        guard packetsMoved || delayMoved else { return nil }
        latest = AcknowledgementFrequency(
            sequence: nextSequence, packets: packets, delayMicroseconds: delay)
        nextSequence += 1
        quietUntil = now + .nanoseconds(smoothedRTTNanoseconds)
        return latest
    }
}

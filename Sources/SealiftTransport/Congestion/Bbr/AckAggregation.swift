/// How much more than expected ACKs deliver at once, because they come in bunches: from radio links,
/// offloads, or a receiver that was asked to acknowledge rarely (draft-ietf-ccwg-bbr-06 §5.5.9).
struct AckAggregation: Equatable {
    /// Rounds that the maximum covers once start-up is over; one before.
    static let rounds: UInt64 = 10

    private var intervalStart: Int64?
    private var delivered = 0.0
    private var filter = WindowedMaximum()

    /// BBR.extra_acked, in bytes.
    var extra: Double { filter.maximum }

    /// The connection restarts from idle.
    mutating func restart(now: Int64) {
        intervalStart = now
        delivered = 0
    }

    /// Takes in an ACK of `bytes`.
    mutating func acknowledged(
        _ bytes: Double, bandwidth: Double, window: Double, round: UInt64, isStartup: Bool,
        now: Int64
    ) {
        var expected = bandwidth * Double(now - (intervalStart ?? now)) / 1e9
        if delivered <= expected {
            delivered = 0
            intervalStart = now
            expected = 0
        }
        delivered += bytes
        filter.update(
            min(delivered - expected, window), round: round, length: isStartup ? 1 : Self.rounds)
    }
}

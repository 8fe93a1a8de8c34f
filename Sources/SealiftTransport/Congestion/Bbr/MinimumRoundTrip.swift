/// The path's round-trip time without queues, and when it must be measured afresh
/// (draft-ietf-ccwg-bbr-06 §5.3.4.3, §5.5.7). Nanoseconds.
///
/// Differs from the draft in two places, for its measure costs a long path dearly (it halves what is
/// in flight for a round trip; the draft means it to cost 2 %): `docs/decisions/0006`.
/// - A sample within 1/32 or 0.5 ms of the minimum confirms it: the queue was empty just now. The
///   draft waits for a *lower* one. The minimum itself is never raised by this.
/// - The interval is at least 50 round trips.
struct MinimumRoundTrip: Equatable {
    /// BBR.ProbeRTTInterval.
    static let leastInterval: Int64 = 5_000_000_000
    static let intervalRoundTrips: Int64 = 50
    static let leastTolerance: Int64 = 500_000
    /// A bound on what an interval is computed from: one minute.
    private static let longestRoundTrip: Int64 = 60_000_000_000

    /// BBR.min_rtt; nil before the first sample.
    private(set) var minimum: Int64?
    private var minimumAt: Int64 = 0
    /// The least of the latest interval, and when it was seen or confirmed.
    private var recent = Int64.max
    private var recentAt: Int64 = 0
    /// Whether nothing came near the minimum for an interval.
    private(set) var isDue = false

    private var interval: Int64 {
        max(Self.leastInterval, Self.intervalRoundTrips * min(minimum ?? 0, Self.longestRoundTrip))
    }

    /// Takes in a sample.
    mutating func update(_ sample: Int64, now: Int64) {
        isDue = minimum != nil && now - recentAt > interval
        if sample < recent || isDue {
            recent = sample
            recentAt = now
        } else if Self.isNear(sample, recent) {
            recentAt = now
        }
        // BBR.MinRTTFilterLen is two intervals.
        if minimum.map({ recent < $0 }) ?? true || now - minimumAt > 2 * interval {
            minimum = recent
            minimumAt = recentAt
        }
    }

    private static func isNear(_ sample: Int64, _ least: Int64) -> Bool {
        sample - least <= max(least / 32, leastTolerance)
    }

    /// Whether a sample is near the minimum: no queue stood then.
    func isConfirmed(by sample: Int64) -> Bool {
        minimum.map { Self.isNear(sample, $0) } ?? true
    }

    /// The round-trip time was measured on purpose: the next time is an interval away.
    mutating func wasProbed(now: Int64) {
        recentAt = now
    }
}

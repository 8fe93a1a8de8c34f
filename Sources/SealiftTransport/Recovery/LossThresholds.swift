/// How much reordering is tolerated before a packet counts as lost (RFC 9002 §6.1), adapted to the
/// path: each spurious loss widens both thresholds, as RACK-TLP (RFC 8985 §6.2) does.
struct LossThresholds: Equatable {
    /// What RFC 9002 §6.1.1 starts with.
    static let initialPackets: UInt64 = 3
    /// An upper bound, so that a hostile peer cannot switch loss detection off; the time threshold
    /// works at any value.
    static let maximumPackets: UInt64 = 4096
    /// The time threshold is RTT × (8 + this) / 8; RFC 9002 §6.1.2 starts with 1.
    static let maximumExtraEighths: Int64 = 8

    /// A packet this far below the largest acknowledged is lost.
    private(set) var packets = initialPackets
    private(set) var extraEighths: Int64 = 1

    /// How long after being sent a packet below the largest acknowledged is lost, in nanoseconds.
    func time(rtt: RTTEstimator) -> Int64 {
        let base = max(rtt.latest, rtt.smoothed)
        return max(base + base / 8 * extraEighths, RTTEstimator.granularityNanoseconds)
    }

    /// A packet declared lost was acknowledged, `distance` below the largest acknowledged by then.
    mutating func lossWasSpurious(distance: UInt64, wasLate: Bool) {
        packets = max(packets, min(distance + 1, Self.maximumPackets))
        if wasLate { extraEighths = min(extraEighths * 2, Self.maximumExtraEighths) }
    }
}

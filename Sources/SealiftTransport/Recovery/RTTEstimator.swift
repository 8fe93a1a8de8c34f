/// The round-trip time as RFC 9002 §5 estimates it. Nanoseconds throughout.
struct RTTEstimator {
    /// Assumed before the first sample (RFC 9002 §6.2.2).
    static let initialNanoseconds: Int64 = 333_000_000
    /// The finest time that timers can tell (RFC 9002 §6.1.2): 1 ms.
    static let granularityNanoseconds: Int64 = 1_000_000

    private(set) var latest: Int64 = 0
    private(set) var smoothed: Int64 = initialNanoseconds
    private(set) var variation: Int64 = initialNanoseconds / 2
    private(set) var minimum: Int64 = 0
    /// When the first sample came; nil before.
    private(set) var firstSampleAt: Int64?

    /// Whether any sample was taken.
    var hasSample: Bool { firstSampleAt != nil }

    /// Takes the sample of an ACK that newly acknowledges its largest packet.
    /// - Parameter delay: how long the peer says it held the packet, already bounded to what was
    ///   agreed.
    mutating func update(sample: Int64, delay: Int64, now: Int64) {
        let sample = max(sample, 1)
        latest = sample
        guard hasSample else {
            firstSampleAt = now
            minimum = sample
            smoothed = sample
            variation = sample / 2
            return
        }
        minimum = min(minimum, sample)
        // The peer's word never takes the sample below the least one seen.
        let adjusted = sample - delay >= minimum ? sample - delay : sample
        variation = (3 * variation + abs(smoothed - adjusted)) / 4
        smoothed = (7 * smoothed + adjusted) / 8
    }

    /// The probe timeout without its backoff (RFC 9002 §6.2.1).
    func probeTimeout(maximumDelay: Int64) -> Int64 {
        smoothed + max(4 * variation, Self.granularityNanoseconds) + maximumDelay
    }

    /// How long losses must span to be persistent congestion (RFC 9002 §7.6.1).
    func persistentCongestionDuration(maximumDelay: Int64) -> Int64 {
        3 * probeTimeout(maximumDelay: maximumDelay)
    }
}

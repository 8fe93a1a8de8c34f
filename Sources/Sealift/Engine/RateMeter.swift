import SealiftBase

/// How fast bytes came during the last seconds, and how long the rest will take at that pace.
struct RateMeter {
    /// The span that counts as recent.
    private static let span = Duration.seconds(5)
    /// How often a sample is taken.
    private static let interval = Duration.milliseconds(100)

    private var samples: [(at: Instant, bytes: UInt64)] = []

    /// Notes the total at `now`.
    mutating func note(_ bytes: UInt64, now: Instant) {
        // A receiver that comes back counts from the start again.
        if let last = samples.last, bytes < last.bytes { samples.removeAll() }
        if let last = samples.last, now - last.at < Self.interval { return }
        samples.append((now, bytes))
        if let first = samples.first, now - first.at > Self.span { samples.removeFirst() }
    }

    /// Bytes a second over the recent span; 0 before there are two samples.
    var bytesPerSecond: UInt64 {
        guard let first = samples.first, let last = samples.last, last.at > first.at else {
            return 0
        }
        return UInt64(Double(last.bytes - first.bytes) / (last.at - first.at).inSeconds)
    }

    /// How long `bytes` take at the recent rate; nil while nothing moves.
    func timeRemaining(for bytes: UInt64) -> Duration? {
        let rate = bytesPerSecond
        guard rate > 0 else { return nil }
        return .seconds(Int64(bytes / rate))
    }
}

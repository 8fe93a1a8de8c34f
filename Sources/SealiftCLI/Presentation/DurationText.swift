internal import SealiftBase

/// Spans of time as a person reads them.
enum DurationText {
    /// A time left: `0:07`, `12:34`, `1:02:03`, `2d 3h`.
    static func clock(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        let (minutes, hours) = (seconds / 60, seconds / 3_600)
        if hours >= 24 { return "\(hours / 24)d \(hours % 24)h" }
        if hours > 0 { return "\(hours):\(twoDigits(minutes % 60)):\(twoDigits(seconds % 60))" }
        return "\(minutes):\(twoDigits(seconds % 60))"
    }

    /// A round-trip time in milliseconds: `0.08 ms`, `1.2 ms`, `240 ms`.
    static func milliseconds(_ duration: Duration) -> String {
        let value = duration.inSeconds * 1_000
        return ByteText.fixed(value, decimals: value < 1 ? 2 : value < 100 ? 1 : 0) + " ms"
    }

    private static func twoDigits(_ value: Int64) -> String {
        value < 10 ? "0\(value)" : "\(value)"
    }
}

import SealiftBase
import SealiftIO

/// When a disk thread wakes the socket thread for what it hands over: small files in runs, so that the
/// two do not wake each other for each one, and nothing later than it can be used.
struct HandoverPace {
    /// Bytes that are worth waking for: one batch of datagrams.
    private static let batch = 64 << 10
    /// The longest that something waits while the disk thread is busy with more.
    private static let longestWait = Duration.milliseconds(1)

    private var bytesWaiting = 0
    /// When the oldest was handed over that nobody was woken for; nil where there is none.
    private var oldest: Instant?

    /// Counts something of `bytes` that is handed over at `now`.
    /// - Returns: whether the socket thread is to be woken for it and for what waits.
    mutating func isDue(_ bytes: Int, now: Instant) -> Bool {
        let since = oldest ?? now
        bytesWaiting += bytes
        guard bytesWaiting < Self.batch, now - since < Self.longestWait else {
            _ = pause()
            return true
        }
        oldest = since
        return false
    }

    /// Begins anew: the disk thread has nothing more to do, or wakes the socket thread now.
    /// - Returns: whether anything was handed over that nobody was woken for.
    mutating func pause() -> Bool {
        defer { (oldest, bytesWaiting) = (nil, 0) }
        return oldest != nil
    }
}

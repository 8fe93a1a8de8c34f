import SealiftBase

/// Spreads packets over time at the controller's rate: a bucket of bytes that fills at that rate.
///
/// A batch is at most one *quantum*, min(1 ms of the rate, 64 KiB), so that a segmented send never
/// overflows a policer. The bucket holds more than a quantum, so that a timer that fires late is
/// caught up by several batches instead of losing the time.
struct Pacer {
    /// The largest batch: what one segmented send may carry.
    static let quantumLimit = 65_536.0
    /// What a late timer may catch up: the slack of operating-system timers.
    static let catchUpSeconds = 0.002

    private var bytesPerSecond: Double?
    private var tokens: Double
    private var filledAt: Int64
    private var datagramSize: Double

    /// Starts with room for `burst` bytes: the initial window may leave at once (RFC 9002 §7.7).
    init(burst: Int, datagramSize: Int, now: Int64) {
        tokens = Double(burst)
        filledAt = now
        self.datagramSize = Double(datagramSize)
    }

    /// The largest batch, in bytes: at least two datagrams.
    private var quantum: Double {
        guard let bytesPerSecond else { return Self.quantumLimit }
        return max(min(bytesPerSecond / 1000, Self.quantumLimit), 2 * datagramSize)
    }

    private var capacity: Double {
        max(quantum, (bytesPerSecond ?? 0) * Self.catchUpSeconds)
    }

    /// Takes the controller's rate; nil paces nothing.
    mutating func setRate(_ rate: Double?, datagramSize: Int, now: Int64) {
        fill(now: now)
        bytesPerSecond = rate.map { max($0, 1) }
        self.datagramSize = Double(datagramSize)
    }

    private mutating func fill(now: Int64) {
        guard now > filledAt else { return }
        let elapsed = Double(now - filledAt) / 1e9
        filledAt = now
        guard let bytesPerSecond else { return }
        // A burst granted at the start may exceed the capacity: it is never taken back.
        if tokens < capacity { tokens = min(capacity, tokens + elapsed * bytesPerSecond) }
    }

    /// How many bytes may leave now in one batch; 0 for none.
    mutating func allowance(now: Int64) -> Int {
        guard bytesPerSecond != nil else { return Int(Self.quantumLimit) }
        fill(now: now)
        // Sending while anything is left, and going below zero by part of a batch, keeps the rate.
        return tokens > 0 ? Int(min(quantum, max(tokens, datagramSize))) : 0
    }

    /// Bytes left.
    mutating func sent(_ bytes: Int) {
        guard bytesPerSecond != nil else { return }
        tokens -= Double(bytes)
    }

    /// When the next batch may leave; nil if now, as of the last fill.
    var releaseTime: Instant? {
        guard let bytesPerSecond, tokens <= 0 else { return nil }
        // Waiting for half a quantum gives batches worth a system call.
        let wait = (quantum / 2 - tokens) / bytesPerSecond * 1e9
        return Instant(nanoseconds: filledAt) + .nanoseconds(Int64(min(wait, 1e18)) + 1)
    }
}

import SealiftBase

/// Spreads packets over time at the controller's rate: a bucket of bytes that fills at that rate.
///
/// A batch is at most one *quantum*, min(1 ms of the rate, 64 KiB), so that a segmented send never
/// overflows a policer. The bucket holds more than a quantum, so that a timer that fires late is
/// caught up by several batches instead of losing the time.
///
/// A thread that gets no processor for longer than the bucket lasts *misses* bytes that it should have
/// sent. They are made up at a quarter more than the rate, so that the mean is kept without a burst: a
/// path that carried less only because its sender slept would otherwise be taken for a slower one.
struct Pacer {
    /// The largest batch: what one segmented send may carry.
    static let quantumLimit = 65_536.0
    /// What a late timer may catch up: the slack of operating-system timers.
    static let catchUpSeconds = 0.002
    /// The longest that a sender may have slept and still make up for all of it.
    static let longestSleepSeconds = 0.025
    /// How much faster than the rate what was missed is made up, as a share of the rate.
    static let makeUpShare = 0.25

    private var bytesPerSecond: Double?
    private var tokens: Double
    /// Bytes that should have left while the sender slept.
    private var missed = 0.0
    /// Whether only the rate keeps more from leaving: then time that passes unused is missed.
    private var isHoldingBack = false
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
        let due = elapsed * bytesPerSecond
        // A burst granted at the start may exceed the capacity: it is never taken back.
        let room = max(capacity - tokens, 0)
        let madeUp = min(missed, due * Self.makeUpShare, max(room - due, 0))
        tokens += min(due + madeUp, room)
        missed -= madeUp
        if isHoldingBack, due > room {
            missed = min(missed + due - room, bytesPerSecond * Self.longestSleepSeconds)
        }
    }

    /// Says whether data and window wait for nothing but the rate. If they do not, nothing is missed.
    mutating func setHoldingBack(_ isHoldingBack: Bool) {
        self.isHoldingBack = isHoldingBack
        if !isHoldingBack { missed = 0 }
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

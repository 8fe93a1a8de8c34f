import SealiftBase

/// Lets a burst through, then a steady rate (a token bucket).
struct TokenBucket: Equatable, Sendable {
    private var tokens: Double
    private var updated: Instant

    /// A full bucket.
    init(_ allowance: RendezvousLimits.Allowance, now: Instant) {
        tokens = allowance.burst
        updated = now
    }

    /// Takes a token where there is one.
    mutating func take(_ allowance: RendezvousLimits.Allowance, now: Instant) -> Bool {
        refill(allowance, now: now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    /// Whether the bucket is as good as a new one.
    mutating func isFull(_ allowance: RendezvousLimits.Allowance, now: Instant) -> Bool {
        refill(allowance, now: now)
        return tokens >= allowance.burst
    }

    private mutating func refill(_ allowance: RendezvousLimits.Allowance, now: Instant) {
        guard now > updated else { return }
        tokens = min(
            allowance.burst, tokens + (now - updated).inSeconds * allowance.perSecond)
        updated = now
    }
}

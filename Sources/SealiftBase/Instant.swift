/// A point on a monotonic clock, in nanoseconds since an origin that only its clock knows.
///
/// Protocol machines never read a clock: every input carries the instant at which it happened, so
/// that the simulator can run hours of network time in milliseconds. Two instants compare only when
/// they come from one clock.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's origin. Never negative from the clocks of this project.
    public var nanoseconds: Int64

    /// Makes the instant that lies `nanoseconds` after the clock's origin.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The clock's origin.
    public static let zero = Instant(nanoseconds: 0)

    /// An instant that never comes: the deadline of a timer that is not set.
    public static let distantFuture = Instant(nanoseconds: .max)

    /// Whether `left` comes first.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `duration` later, held at the ends of `Int64` instead of overflowing: at
    /// ``distantFuture`` going up.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(nanoseconds: instant.nanoseconds.addingSaturating(duration.nanoseconds))
    }

    /// The instant `duration` earlier, held at the ends of `Int64` instead of overflowing.
    public static func - (instant: Instant, duration: Duration) -> Instant {
        Instant(nanoseconds: instant.nanoseconds.subtractingSaturating(duration.nanoseconds))
    }

    /// The time from `earlier` to `later`; negative where `later` came first. Held at ± 292 years.
    public static func - (later: Instant, earlier: Instant) -> Duration {
        .nanoseconds(later.nanoseconds.subtractingSaturating(earlier.nanoseconds))
    }

    /// Moves this instant `duration` later.
    public static func += (instant: inout Instant, duration: Duration) {
        instant = instant + duration
    }
}

extension Duration {
    /// This duration in whole nanoseconds, held at the ends of `Int64` (± 292 years).
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        return scaled.addingSaturating(attoseconds / 1_000_000_000)
    }

    /// This duration in seconds, for rates and for display.
    public var inSeconds: Double {
        Double(nanoseconds) / 1e9
    }
}

extension Int64 {
    fileprivate func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    fileprivate func subtractingSaturating(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}

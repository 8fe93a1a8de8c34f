public import SealiftBase

/// The simulation's time: it stands still until someone moves it, and never goes back.
public struct VirtualClock: Sendable {
    /// The present instant.
    public private(set) var now: Instant

    /// Makes a clock that shows `start`; one second after the origin unless told otherwise, so that
    /// code which subtracts a little from the first instant stays above zero.
    public init(start: Instant = Instant(nanoseconds: 1_000_000_000)) {
        now = start
    }

    /// Moves to `instant`, or stays where that lies in the past.
    public mutating func advance(to instant: Instant) {
        now = max(now, instant)
    }

    /// Moves `duration` ahead; a negative one does nothing.
    public mutating func advance(by duration: Duration) {
        advance(to: now + duration)
    }
}

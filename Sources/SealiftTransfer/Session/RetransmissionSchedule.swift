internal import SealiftBase

/// When a handshake flight is sent again: after 250 ms, then doubling to 2 s (`docs/PROTOCOL.md` §4.2).
struct RetransmissionSchedule: Equatable, Sendable {
    static let firstInterval = Duration.milliseconds(250)
    static let longestInterval = Duration.seconds(2)

    private var interval = RetransmissionSchedule.firstInterval
    /// When the flight is due.
    private(set) var due: Instant

    /// The first flight is due at once.
    init(start: Instant) {
        due = start
    }

    /// Whether the flight is due; if so, the next one is scheduled.
    mutating func fire(now: Instant) -> Bool {
        guard now >= due else { return false }
        due = now + interval
        interval = min(interval + interval, Self.longestInterval)
        return true
    }
}

import SealiftBase

/// When a gateway is asked: first in quick succession, then for renewal at half of what is left.
struct MappingSchedule: Sendable {
    /// What to do at a due time.
    enum Due: Equatable {
        /// Not yet.
        case nothing
        /// Send the request.
        case ask
        /// Nobody answers, or the mapping was not renewed before its end.
        case over
    }

    /// RFC 6886 §3.1: the first interval; each next one is twice as long.
    static let firstInterval = Duration.milliseconds(250)
    /// How often an unanswered request is sent: 16 s together.
    static let requestCount = 6
    /// Renewals are at least so far apart (RFC 6887 §11.2.1).
    static let shortestRenewal = Duration.seconds(4)

    /// When ``fire(now:)`` has something to do; nil once it is over.
    private(set) var next: Instant?
    private var sent = 0
    /// When the granted mapping ends; nil while none is granted.
    private var end: Instant?

    /// Asks at once.
    init(now: Instant) {
        next = now
    }

    /// Whether a request went out.
    var hasAsked: Bool { sent > 0 }

    /// What is due now.
    mutating func fire(now: Instant) -> Due {
        guard let due = next, now >= due else { return .nothing }
        if let end {
            guard now < end else { return finish() }
            let half = Duration.nanoseconds((end - now).nanoseconds / 2)
            next = half < Self.shortestRenewal ? end : now + half
        } else {
            guard sent < Self.requestCount else { return finish() }
            next = now + Self.firstInterval * (1 << sent)
        }
        sent += 1
        return .ask
    }

    private mutating func finish() -> Due {
        next = nil
        return .over
    }

    /// A mapping was granted: it is renewed at half its life.
    mutating func granted(_ lifetime: Duration, now: Instant) {
        end = now + lifetime
        next = now + .nanoseconds(lifetime.nanoseconds / 2)
    }

    /// Asks anew as if for the first time.
    mutating func restart(now: Instant) {
        (next, sent, end) = (now, 0, nil)
    }

    /// Asks no more.
    mutating func stop() {
        next = nil
    }
}

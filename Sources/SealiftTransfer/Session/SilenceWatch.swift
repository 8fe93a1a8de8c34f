internal import SealiftBase
internal import SealiftTransport

/// Notices that the sender has fallen silent, and says which other way to it to try next.
///
/// A receiver has little to send: without this, it would not find out for seconds that its own or the
/// sender's address changed, and the sender would not learn where the receiver is now.
struct SilenceWatch {
    /// The least silence that counts while pieces are awaited; more where two probe timeouts are.
    static let leastSilence = Duration.milliseconds(500)
    /// The silence that counts while nothing is awaited: a keep-alive and its answer fit in it.
    static let idleSilence = Duration.seconds(7)
    /// Between two tries, at first and at last.
    static let intervals = (first: Duration.milliseconds(300), longest: Duration.seconds(2))

    private var paths: [PathID]
    private var next = 0
    private var interval = intervals.first
    private var earliest = Instant.zero
    private var heardBefore = Instant.zero
    /// Whether the system said that there is no way on the present path.
    private var isUnreachable = false

    /// Watches over a session whose sender may be found on `paths`.
    init(paths: [PathID]) {
        self.paths = paths
    }

    /// Another path on which the sender may be found: the next one to try, and at once if it is silent. What
    /// was just found is likelier than what was tried before.
    mutating func add(_ path: PathID) {
        next = paths.isEmpty ? 0 : next % paths.count
        paths.insert(path, at: next)
        earliest = .zero
    }

    /// When ``fire(_:now:)`` wants to be called.
    func due(_ connection: borrowing Connection) -> Instant {
        if isUnreachable { return earliest }
        let limit =
            connection.expectedObjectCount > 0
            ? max(connection.probeTimeout + connection.probeTimeout, Self.leastSilence)
            : Self.idleSilence
        return max(earliest, connection.lastHeard + limit)
    }

    /// The system has no way to the present path.
    mutating func becameUnreachable() {
        isUnreachable = true
    }

    /// Asks for life on the present path, and on one other.
    mutating func fire(_ connection: inout Connection, now: Instant) {
        interval =
            connection.lastHeard > heardBefore
            ? Self.intervals.first : min(interval + interval, Self.intervals.longest)
        heardBefore = connection.lastHeard
        isUnreachable = false
        earliest = now + interval
        connection.ping()
        guard let path = nextPath(besides: connection.remote) else { return }
        connection.tryPath(path, now: now)
    }

    private mutating func nextPath(besides present: PathID) -> PathID? {
        for _ in paths.indices {
            let path = paths[next % paths.count]
            next += 1
            if path != present { return path }
        }
        return nil
    }
}

import Synchronization

/// What all clients of a load counted together.
final class LoadTally: Sendable {
    /// The counts.
    struct Counts {
        /// Clients that were welcomed.
        var ready = 0
        /// Boxes that the server said it holds.
        var stored = 0
        /// Boxes that arrived, each once.
        var received = 0
        /// Boxes that arrived again.
        var repeated = 0
        /// Messages that say no.
        var refused = 0
        /// Connections that ended.
        var closed = 0
        /// How long each box took, in nanoseconds.
        var delays: [Int64] = []

        fileprivate var clock: Int64 = 0

        mutating func receive(isNew: Bool, sentAt: Int64) {
            if isNew { received += 1 } else { repeated += 1 }
            delays.append(clock - sentAt)
        }
    }

    private let counts = Mutex(Counts())
    private let start = ContinuousClock.now

    /// Nanoseconds since the tally was made.
    func now() -> Int64 {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// Changes the counts.
    func note(_ change: (inout Counts) -> Void) {
        let time = now()
        counts.withLock {
            $0.clock = time
            change(&$0)
        }
    }

    /// The counts so far.
    var snapshot: Counts { counts.withLock { $0 } }
}

internal import SealiftBase
internal import SealiftTransport

/// Looks for a better path while the present one is healthy, and says when to move (PROTOCOL §5.3).
///
/// Only the end that dialled has one, so the two ends never pull at each other; the other end follows.
/// In rounds it measures a few other paths and, by the very same means, the present one. A direct path
/// is better than a relayed one; of two of one kind the one with a clearly shorter round trip is. What
/// was left is left alone for a while, longer each time, and a path that turns out to carry clearly
/// less than the one before is given up again: so the session never swings between two paths.
///
/// A value that reads no clock. It sends nothing itself, and moves only through
/// ``Connection/adoptPath(_:now:)``, which takes no path that has not just answered.
struct PathChooser {
    // MARK: Implementation

    /// Other paths measured in one round, beside the present one.
    static let pathsPerRound = 2
    /// Round trips of each that a round takes; the least counts, for a queue only ever adds.
    static let samplesPerPath = 4
    /// Questions on one path that may go unanswered in a round.
    static let missesPerPath = 2
    /// A round whose answers do not come for so long is over: more than all its questions may wait.
    static let longestRound = Duration.seconds(samplesPerPath + missesPerPath)
    /// Between two rounds, at least.
    static let leastRoundInterval = Duration.seconds(1)
    /// Between two rounds that measure one path: at first, doubling to these where it answers and where
    /// it does not.
    static let intervals = (
        first: Duration.seconds(2), longest: Duration.seconds(60), silent: Duration.seconds(600)
    )
    /// How long a path is left alone after the session left it: doubling from the first to the last.
    static let bars = (first: Duration.seconds(60), longest: Duration.seconds(3_600))
    /// How long a path is left alone that carried clearly less than another.
    static let slowBar = Duration.seconds(1_200)
    /// A present path that was silent for so long is no healthy one: ``SilenceWatch`` has the word.
    static let silence = Duration.seconds(1)
    /// A round trip is clearly shorter if it is by this and by a quarter.
    static let leastGain = Duration.microseconds(500)

    // MARK: State

    private struct Alternative {
        let path: PathID
        var rank: PathRank
        /// When it is measured next.
        var nextAt: Instant
        var interval = PathChooser.intervals.first
        /// Whether it answered in the last round that it took part in.
        var answers = false
        /// Until when it is left alone.
        var barredUntil = Instant.zero
        /// For how long it is left alone the next time.
        var bar = PathChooser.bars.first
    }

    /// A path that takes part in a round.
    private struct Entry {
        let path: PathID
        var least: Duration?
        var samplesLeft = PathChooser.samplesPerPath
        var missesLeft = PathChooser.missesPerPath

        var isDone: Bool { samplesLeft == 0 || missesLeft == 0 }
        /// Whether enough is known of it to go there.
        var isMeasured: Bool { samplesLeft == 0 }
    }

    private var alternatives: [Alternative]
    private var present: PathID
    /// The least round trip measured on the present path since the session came to it.
    private var presentLeast: Duration?
    private var round: [Entry] = []
    /// When a round is over, whatever is still missing: longer than all its questions can wait.
    private var roundEnd = Instant.zero
    private var nextRound: Instant
    /// When ``fire(_:now:)`` wants to be called while the connection is open: asked for between any two
    /// batches of packets, so it is kept.
    private var nextFire = Instant.zero
    private var rates: PathRates

    /// Begins with a session on `present`, whose peer may be found on `paths` too.
    init(present: PathID, paths: [(PathID, PathRank)], now: Instant) {
        self.present = present
        alternatives = paths.map {
            Alternative(path: $0.0, rank: $0.1, nextAt: now + Self.intervals.first)
        }
        nextRound = now + Self.intervals.first
        rates = PathRates(now: now)
        schedule()
    }

    // MARK: What becomes known

    /// Another path on which the peer may be found, or a known one of which there is news: measured
    /// soon.
    mutating func add(_ path: PathID, _ rank: PathRank, now: Instant) {
        let index = place(of: path) ?? alternatives.count
        if index == alternatives.count {
            guard alternatives.count < ReceiverEndpoint.maximumPathCount else { return }
            alternatives.append(Alternative(path: path, rank: rank, nextAt: now))
        }
        alternatives[index].rank = rank
        alternatives[index].nextAt = now
        alternatives[index].interval = Self.intervals.first
        nextRound = min(nextRound, now)
        schedule()
    }

    /// This machine's addresses changed: what did not answer may now, and what was measured was
    /// measured from elsewhere.
    mutating func networkChanged(now: Instant) {
        presentLeast = nil
        round = []
        for index in alternatives.indices {
            alternatives[index].nextAt = now
            alternatives[index].interval = Self.intervals.first
        }
        nextRound = min(nextRound, now + Self.leastRoundInterval)
        schedule()
    }

    // MARK: Driving

    /// When ``fire(_:now:)`` wants to be called.
    func due(_ connection: borrowing Connection) -> Instant {
        connection.state == .open ? nextFire : .distantFuture
    }

    private mutating func schedule() {
        nextFire = rates.nextTick
        if round.isEmpty, let next = nextMeasurement {
            nextFire = min(nextFire, max(next, nextRound))
        }
    }

    /// Begins a round where one is due, and looks after what the present path carries.
    mutating func fire(_ connection: inout Connection, now: Instant) {
        defer { schedule() }
        notice(connection, now: now)
        if round.first != nil, roundEnd <= now { round = [] }
        if rates.nextTick <= now {
            rates.tick(
                received: connection.statistics.bytesReceived,
                isAwaiting: connection.expectedObjectCount > 0, now: now)
            if let better = rates.takeVerdict() { goBack(to: better, now: now) }
        }
        guard round.isEmpty, let next = nextMeasurement, max(next, nextRound) <= now else { return }
        nextRound = now + Self.leastRoundInterval
        // Without knowing what the present path carries, nobody could tell that another carries less.
        let isHealthy = now - connection.lastHeard < Self.silence && rates.isKnown
        guard isHealthy || rates.hasWish else { return }
        beginRound(&connection, now: now)
    }

    /// A round trip was measured on `path`; nil: there was no answer.
    mutating func measured(
        _ path: PathID, _ roundTrip: Duration?, _ connection: inout Connection, now: Instant
    ) {
        defer { schedule() }
        notice(connection, now: now)
        guard let index = round.firstIndex(where: { $0.path == path }) else { return }
        if let roundTrip {
            round[index].least = min(round[index].least ?? roundTrip, roundTrip)
            round[index].samplesLeft -= 1
        } else {
            round[index].missesLeft -= 1
        }
        if !round[index].isDone, !connection.measurePath(path, now: now) {
            round[index].missesLeft = 0
        }
        if round.allSatisfy(\.isDone) { judge(&connection, now: now) }
    }

    // MARK: Rounds

    private func place(of path: PathID) -> Int? { alternatives.firstIndex { $0.path == path } }

    private func rank(of path: PathID) -> PathRank {
        place(of: path).map { alternatives[$0].rank } ?? .direct
    }

    /// Whether there is any sense in measuring it now.
    private func isEligible(_ alternative: Alternative) -> Bool {
        alternative.path != present
            && (alternative.rank >= rank(of: present) || rates.wishes(alternative.path))
    }

    /// When the next alternative is due; nil while there is none.
    private var nextMeasurement: Instant? {
        var earliest: Instant?
        for alternative in alternatives where isEligible(alternative) {
            let due = max(alternative.nextAt, alternative.barredUntil)
            earliest = min(earliest ?? due, due)
        }
        return earliest
    }

    private mutating func beginRound(_ connection: inout Connection, now: Instant) {
        let chosen = alternatives.indices
            .filter {
                isEligible(alternatives[$0])
                    && max(alternatives[$0].nextAt, alternatives[$0].barredUntil) <= now
            }
            .sorted { alternatives[$0].nextAt < alternatives[$1].nextAt }
            .prefix(Self.pathsPerRound)
        for index in chosen {
            let longest =
                alternatives[index].answers ? Self.intervals.longest : Self.intervals.silent
            alternatives[index].nextAt = now + alternatives[index].interval
            alternatives[index].interval = min(alternatives[index].interval * 2, longest)
            alternatives[index].answers = false
            // The first question of all: what it asks of the connection may void what was asked before.
            if connection.measurePath(alternatives[index].path, now: now) {
                round.append(Entry(path: alternatives[index].path))
            }
        }
        guard !round.isEmpty else { return }
        roundEnd = now + Self.longestRound
        if connection.measurePath(present, now: now) { round.append(Entry(path: present)) }
    }

    private mutating func judge(_ connection: inout Connection, now: Instant) {
        let entries = round
        round = []
        nextRound = max(nextRound, now)
        var least = connection.statistics.minimumRTT
        for known in [presentLeast, entries.first(where: { $0.path == present })?.least] {
            if let known { least = min(least ?? known, known) }
        }
        presentLeast = least
        for entry in entries where entry.path != present && entry.least != nil {
            if let index = place(of: entry.path) { alternatives[index].answers = true }
        }
        let better = entries.filter { $0.path != present && isBetter($0, than: least) }
            .max { left, right in
                let (leftRank, rightRank) = (rank(of: left.path), rank(of: right.path))
                if leftRank != rightRank { return leftRank < rightRank }
                return (left.least ?? .zero) > (right.least ?? .zero)
            }
        if let better { move(to: better.path, &connection, now: now) }
        for entry in entries { rates.forgetWish(entry.path) }
    }

    private func isBetter(_ entry: Entry, than presentLeast: Duration?) -> Bool {
        guard entry.isMeasured, let least = entry.least else { return false }
        if rates.wishes(entry.path) { return true }
        let (there, here) = (rank(of: entry.path), rank(of: present))
        if there != here { return there > here }
        // Where nothing is known of the present path, nothing speaks against it.
        guard let presentLeast else { return false }
        return presentLeast - least >= max(presentLeast / 4, Self.leastGain)
    }

    // MARK: Moving

    private mutating func move(to path: PathID, _ connection: inout Connection, now: Instant) {
        let before = present
        let isEqualKind = rank(of: path) == rank(of: before)
        let isReturn = rates.wishes(path)
        guard connection.adoptPath(path, now: now) else { return }
        leave(before, now: now)
        if isReturn, let index = place(of: before) {
            alternatives[index].barredUntil = now + Self.slowBar
        }
        present = path
        presentLeast = nil
        let least = isEqualKind ? PathRates.least : PathRates.leastOfBetterKind
        rates.moved(from: isReturn ? nil : (before, least), now: now)
    }

    /// Notices a move that others decided: a silent path was left, or this end's address changed.
    private mutating func notice(_ connection: borrowing Connection, now: Instant) {
        guard connection.remote != present else { return }
        leave(present, now: now)
        present = connection.remote
        presentLeast = nil
        round = []
        rates.moved(from: nil, now: now)
    }

    /// The session left `path`: it may come back, but not soon.
    private mutating func leave(_ path: PathID, now: Instant) {
        let index = place(of: path) ?? alternatives.count
        if index == alternatives.count {
            guard alternatives.count < ReceiverEndpoint.maximumPathCount else { return }
            alternatives.append(Alternative(path: path, rank: .direct, nextAt: now))
        }
        alternatives[index].barredUntil = now + alternatives[index].bar
        alternatives[index].bar = min(alternatives[index].bar * 2, Self.bars.longest)
    }

    /// The path before carried clearly more: it is measured now, and taken if it still answers.
    private mutating func goBack(to path: PathID, now: Instant) {
        guard let index = place(of: path) else { return }
        alternatives[index].barredUntil = .zero
        alternatives[index].nextAt = now
        nextRound = min(nextRound, now)
    }
}

import SealiftBase
public import SealiftTraversal

/// A line of the server's log: what an operator has to know, and nothing that tells clients apart. Who
/// came, and when, is in none; only what was refused is counted, over minutes.
public enum RendezvousLogEntry: Equatable, Sendable {
    /// The server listens, at so many addresses, and answers STUN at so many.
    case started(listeners: Int, stun: Int)
    /// Something was refused, or went wrong, since the last such entry.
    case refused(RendezvousRefusals)
    /// Nobody is taken in any more, and so many clients were told to go.
    case draining(clients: Int)
    /// The server is gone; so many clients had not left by themselves.
    case stopped(clients: Int)
    /// The server could not start: the stable name of the error.
    case failed(reason: String)
}

/// What a server refused in an interval: sums.
public struct RendezvousRefusals: Equatable, Sendable {
    /// The interval, in whole seconds.
    public var seconds: Int
    /// Clients connected at its end.
    public var clients = 0
    /// Clients turned away at once: too many, or too often from one address.
    public var turnedAway = 0
    /// Messages not carried out because of a limit.
    public var busy = 0
    /// Clients dropped because they broke the protocol or said nothing.
    public var violations = 0
    /// Claims of numbers that were not there.
    public var missed = 0
    /// Codes that ended with the wrong words.
    public var wrongWords = 0
    /// Connections that were no WebSocket in time, or broke before.
    public var failedOpenings = 0
    /// Connections closed at once because too many were open.
    public var crowdedOut = 0
    /// Connections that the system could not accept.
    public var failedAccepts = 0
    /// The addresses behind the first three; nil unless the operator asked for them.
    public var sources: [RefusedSource]?

    /// Nothing refused in `seconds`.
    public init(seconds: Int) {
        self.seconds = seconds
    }

    /// Whether there is anything to tell.
    var isEmpty: Bool {
        turnedAway + busy + violations + missed + wrongWords + failedOpenings + crowdedOut
            + failedAccepts == 0
    }
}

/// Cuts the sums of a server into intervals. Reads no clock.
struct RendezvousJournal {
    private var before = RendezvousCounters()
    private var faultsBefore = (openings: 0, crowded: 0, accepts: 0)
    private var start: Instant

    init(now: Instant) {
        start = now
    }

    /// Ends an interval; nil where nothing was refused in it.
    mutating func interval(
        _ counters: RendezvousCounters, _ faults: ServerFaults, sources: [RefusedSource]?,
        now: Instant
    ) -> RendezvousRefusals? {
        let total = (faults.failedOpenings, faults.crowdedOut, faults.failedAccepts)
        var found = RendezvousRefusals(seconds: Int((now - start).inSeconds.rounded()))
        found.clients = counters.clients
        found.turnedAway = counters.turnedAway - before.turnedAway
        found.busy = counters.busy - before.busy
        found.violations = counters.violations - before.violations
        found.missed = counters.missed - before.missed
        found.wrongWords = counters.wrongWords - before.wrongWords
        found.failedOpenings = total.0 - faultsBefore.openings
        found.crowdedOut = total.1 - faultsBefore.crowded
        found.failedAccepts = total.2 - faultsBefore.accepts
        found.sources = sources
        before = counters
        faultsBefore = total
        start = now
        return found.isEmpty ? nil : found
    }
}

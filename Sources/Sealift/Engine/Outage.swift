import SealiftBase

/// The wait for a sender that fell silent or went away: when to dial again, and when to give up.
///
/// A value that reads no clock. It begins when the sender has been silent for
/// ``silenceBeforeDialing``, or at once when the session is gone, and ends when a session stands
/// again.
struct Outage: Equatable {
    /// The silence after which the sender is dialed beside the session, which may still come back:
    /// the ping that is sent after 5 s of silence (`docs/PROTOCOL.md` §6.9) has 3 s to be answered.
    static let silenceBeforeDialing = Duration.seconds(8)
    /// How long a sender is waited for, counted from its last packet.
    static let patience = Duration.seconds(600)
    /// How long one dial lasts: two handshakes of three seconds (`docs/PROTOCOL.md` §4.2).
    static let dialTime = Duration.seconds(6)
    /// The pause after the first dial that nobody answered; it doubles with each.
    static let firstPause = Duration.milliseconds(500)
    /// The longest pause between two dials: a sender that comes back is found within it.
    static let longestPause = Duration.seconds(8)

    /// When the sender was heard last.
    let since: Instant
    /// When to dial next, unless a dial is under way.
    private(set) var nextDial: Instant
    private var pause = Outage.firstPause

    /// Begins at `now` with a dial.
    init(since: Instant, now: Instant) {
        self.since = since
        nextDial = now
    }

    /// When the waiting is over.
    var end: Instant { since + Self.patience }

    /// How long is still waited.
    func timeLeft(now: Instant) -> Duration { max(.zero, end - now) }

    /// Nobody answered a dial.
    mutating func dialFailed(now: Instant) {
        nextDial = now + pause
        pause = min(pause + pause, Self.longestPause)
    }
}

import SealiftBase

/// The end of a connection under way: when to repeat the close frame, and for how long (PROTOCOL
/// §6.9).
struct Closing {
    /// The longest reason a close frame carries, in bytes.
    static let reasonLimit = 128

    let code: CloseCode
    /// At most ``reasonLimit`` bytes of UTF-8.
    let reason: [UInt8]
    /// Whether a close frame is to be sent now.
    private(set) var isDue = true
    private var repeatAt: Instant
    private var interval: Duration = .milliseconds(1)
    private let probeTimeout: Duration
    /// When the frame is repeated unasked: it may have been lost.
    private var nextRepeat: Instant
    /// When the connection is over, whatever the peer knows.
    let end: Instant

    /// Begins to close, for three times `probeTimeout` at most.
    init(code: CloseCode, reason: String, now: Instant, probeTimeout: Duration) {
        self.code = code
        // Cut at a character's boundary, so that what is sent is UTF-8.
        var cut: [UInt8] = []
        for character in reason {
            guard cut.count + character.utf8.count <= Self.reasonLimit else { break }
            cut.append(contentsOf: character.utf8)
        }
        self.reason = cut
        repeatAt = now
        self.probeTimeout = probeTimeout
        nextRepeat = now + probeTimeout
        end = now + probeTimeout * 3
    }

    /// When ``handleTimeout(now:)`` wants to be called.
    var due: Instant { min(nextRepeat, end) }

    /// Repeats the frame where it is time to.
    mutating func handleTimeout(now: Instant) {
        guard nextRepeat <= now else { return }
        isDue = true
        nextRepeat = now + probeTimeout
    }

    /// A packet of the peer opened: it may not know yet. Answered at most once per interval, which
    /// doubles from 1 ms.
    mutating func packetOpened(now: Instant) {
        if now >= repeatAt { isDue = true }
    }

    /// The close frame was written.
    mutating func sent(now: Instant) {
        isDue = false
        repeatAt = now + interval
        interval = interval * 2
    }
}

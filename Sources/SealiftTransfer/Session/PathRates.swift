internal import SealiftBase
internal import SealiftTransport

/// What the present path carries, second by second, and whether the one before carried clearly more: a
/// short round trip is worth little on a slow cable.
struct PathRates {
    /// Between two looks.
    static let interval = Duration.seconds(1)
    /// Looks that a rate is taken over.
    static let window = 5
    /// Looks that a new path has to get up to speed (RFC 9000 §9.4: it starts afresh).
    static let grace = 5
    /// The share of the rate before that a new path must carry, of the same kind and of a better one: a
    /// direct path need not be as quick as a relay, but it must carry something.
    static let (least, leastOfBetterKind) = (0.7, 0.1)

    /// When ``tick(received:isAwaiting:now:)`` wants to be called.
    private(set) var nextTick: Instant
    /// Bytes received until the last look; nil before the first on this path.
    private var receivedBefore: UInt64?
    /// The latest rates on this path, bytes a second, of seconds in which more was awaited.
    private var rates: [Double] = []
    /// Looks on this path.
    private var looks = 0
    private var lastTick: Instant
    /// The path before and what it carried, until the new one is judged.
    private var trial: (before: PathID, least: Double)?
    private var verdict: PathID?
    /// The path that is to be gone back to.
    private var wish: PathID?

    init(now: Instant) {
        nextTick = now + Self.interval
        lastTick = now
    }

    /// Looks at how much arrived.
    /// - Parameters:
    ///   - received: bytes since the session began.
    ///   - isAwaiting: whether more was asked for: only then the rate is the path's.
    mutating func tick(received: UInt64, isAwaiting: Bool, now: Instant) {
        defer {
            receivedBefore = received
            lastTick = now
            nextTick = now + Self.interval
        }
        guard isAwaiting, let before = receivedBefore, now > lastTick else { return }
        looks += 1
        rates.append(Double(received - min(received, before)) / (now - lastTick).inSeconds)
        if rates.count > Self.window { rates.removeFirst() }
        guard let trial, looks >= Self.grace + Self.window, let rate else { return }
        if rate < trial.least { verdict = trial.before }
        self.trial = nil
    }

    /// Whether it is known what this path carries.
    var isKnown: Bool { rates.count == Self.window && trial == nil }

    /// The rate on this path; nil before it is known.
    private var rate: Double? {
        rates.count < Self.window ? nil : rates.reduce(0, +) / Double(rates.count)
    }

    /// Takes the path before, once, if it carried clearly more.
    mutating func takeVerdict() -> PathID? {
        defer { verdict = nil }
        if let verdict { wish = verdict }
        return verdict
    }

    /// Whether there is a path that is to be gone back to.
    var hasWish: Bool { wish != nil }

    /// Whether `path` is to be gone back to.
    func wishes(_ path: PathID) -> Bool { wish == path }

    /// The wish to go back to `path` was looked after.
    mutating func forgetWish(_ path: PathID) {
        if wish == path { wish = nil }
    }

    /// The session moved.
    /// - Parameter before: the path to compare with, and the share of its rate that is enough; nil for no
    ///   comparison.
    mutating func moved(from before: (path: PathID, share: Double)?, now: Instant) {
        trial = before.flatMap { before in rate.map { (before.path, $0 * before.share) } }
        (wish, verdict, receivedBefore) = (nil, nil, nil)
        rates = []
        looks = 0
        lastTick = now
        nextTick = now + Self.interval
    }
}

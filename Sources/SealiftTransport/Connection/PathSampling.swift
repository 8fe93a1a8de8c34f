import SealiftBase

/// Round trips that are being asked for, on the present path and on others, so that paths can be
/// compared. It sends nothing and moves nothing itself.
///
/// Each asks with unpredictable bytes of its own, and counts only if the answer comes on the very path
/// that was asked on: an answer to an earlier question, one that took another way back, one that comes
/// twice and one that is late all measure nothing.
struct PathSampling {
    /// Round trips asked for at a time, one to a path.
    static let limit = 4
    /// How long an answer is waited for. A path that takes longer is no better than any.
    static let patience: Duration = .seconds(1)
    /// How long an answer proves that the path works.
    static let proofLifetime: Duration = .seconds(10)

    /// One round trip asked for.
    struct Sample {
        let path: PathID
        /// What the answer must repeat.
        let challenge: UInt64
        /// When the question left; nil before.
        var sentAt: Instant?
        /// When no answer counts any more.
        let expiry: Instant
    }

    private(set) var samples: [Sample] = []
    /// Paths that answered, latest last; at most ``limit``.
    private var proofs: [(path: PathID, at: Instant)] = []

    /// Whether another path can be asked on.
    var hasRoom: Bool { samples.count < Self.limit }

    /// Whether a round trip on `path` is being asked for.
    func contains(_ path: PathID) -> Bool { samples.contains { $0.path == path } }

    /// Asks on `path`, where nothing is asked yet; the question is due at once.
    mutating func begin(_ path: PathID, challenge: UInt64, now: Instant) {
        samples.append(
            Sample(path: path, challenge: challenge, expiry: now + Self.patience))
    }

    /// Whether a question is to leave now.
    var isDue: Bool { samples.contains { $0.sentAt == nil } }

    /// Takes the next question to send.
    mutating func takeDue(now: Instant) -> Sample? {
        guard let index = samples.firstIndex(where: { $0.sentAt == nil }) else { return nil }
        samples[index].sentAt = now
        return samples[index]
    }

    /// Takes an answer that came on `path`; nil where it answers nothing.
    mutating func answered(_ challenge: UInt64, on path: PathID, now: Instant) -> Duration? {
        let place = samples.firstIndex { $0.challenge == challenge && $0.path == path }
        guard let place, let sentAt = samples[place].sentAt, now < samples[place].expiry else {
            return nil
        }
        samples.remove(at: place)
        proofs.removeAll { $0.path == path }
        if proofs.count == Self.limit { proofs.removeFirst() }
        proofs.append((path, now))
        return now - sentAt
    }

    /// Whether the peer answered on `path` just now.
    func isProven(_ path: PathID, now: Instant) -> Bool {
        proofs.contains { $0.path == path && now - $0.at < Self.proofLifetime }
    }

    /// Forgets all: what was asked says nothing about the paths there are now.
    mutating func removeAll() {
        samples.removeAll()
        proofs.removeAll()
    }

    /// When to call ``takeExpired(now:)``; nil while nothing is asked.
    var deadline: Instant? { samples.lazy.map(\.expiry).min() }

    /// Takes a path that did not answer in time; nil where there is none.
    mutating func takeExpired(now: Instant) -> PathID? {
        samples.firstIndex { $0.expiry <= now }.map { samples.remove(at: $0).path }
    }
}

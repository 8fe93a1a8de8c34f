import SealiftBase

/// The paths that are being proven: a challenge goes out, and only whoever is really there can answer
/// it (RFC 9000 §8.2). It sends nothing and moves nothing itself.
struct PathValidation {
    /// Paths proven at a time. A newer one takes the place of the oldest: a flood of addresses costs
    /// its sender the address that matters, and us no memory (CVE-2023-49295).
    static let limit = 4
    /// Challenges sent on one path.
    static let challengesPerPath = 3
    /// On a path that the peer has not proven, at most this many times the bytes that came from there
    /// go out (RFC 9000 §8.1).
    static let amplificationLimit = 3

    /// Who wants the path proven.
    enum Motive: Equatable {
        /// This end looks for another way, because the present one is silent.
        case search
        /// The peer's newest packet came from there; false once a newer one came on the present path.
        case follow(isWanted: Bool)
    }

    /// A path under proof.
    struct Candidate {
        let path: PathID
        /// What the answer must repeat: unpredictable, so that only who receives can answer.
        let challenge: UInt64
        let startedAt: Instant
        /// Between two challenges.
        let interval: Duration
        var motive: Motive
        var bytesReceived: Int
        var bytesSent = 0
        /// When the next challenge goes out, or the path is given up.
        var nextAt: Instant
        var challengesLeft = PathValidation.challengesPerPath
        /// Whether a challenge is to leave now.
        var isDue = false

        /// Whether `size` more bytes may be sent there.
        func mayTake(_ size: Int) -> Bool {
            if motive == .search { return true }
            return bytesSent + size <= PathValidation.amplificationLimit * bytesReceived
        }
    }

    private(set) var candidates: [Candidate] = []

    /// Whether `path` is being proven.
    func contains(_ path: PathID) -> Bool { candidates.contains { $0.path == path } }

    /// Begins to prove a path, which is not being proven yet; the first challenge is due.
    mutating func begin(
        _ path: PathID, motive: Motive, challenge: UInt64, bytesReceived: Int, interval: Duration,
        now: Instant
    ) {
        if candidates.count >= Self.limit { candidates.removeFirst() }
        candidates.append(
            Candidate(
                path: path, challenge: challenge, startedAt: now, interval: interval,
                motive: motive, bytesReceived: bytesReceived, nextAt: now))
        handleTimeout(now: now)
    }

    /// A packet of the peer opened that came on `path`.
    /// - Parameter isNewest: whether it is the newest, and not merely a probe itself.
    mutating func packetOpened(on path: PathID, bytes: Int, isNewest: Bool) {
        for index in candidates.indices {
            let isThere = candidates[index].path == path
            if isThere {
                let sum = candidates[index].bytesReceived.addingReportingOverflow(bytes)
                candidates[index].bytesReceived = sum.overflow ? .max / 4 : sum.partialValue
            }
            if isNewest, candidates[index].motive != .search {
                candidates[index].motive = .follow(isWanted: isThere)
            }
        }
    }

    /// Takes the next challenge that is due and allowed, `size` bytes with all around it.
    mutating func takeChallenge(size: Int) -> Candidate? {
        for index in candidates.indices where candidates[index].isDue {
            candidates[index].isDue = false
            guard candidates[index].mayTake(size) else { continue }
            candidates[index].bytesSent += size
            return candidates[index]
        }
        return nil
    }

    /// Whether an answer of `size` bytes may go to `path`; if so it is counted.
    mutating func mayAnswer(on path: PathID, size: Int) -> Bool {
        // Elsewhere an answer is never larger than the challenge that asked for it.
        guard let index = candidates.firstIndex(where: { $0.path == path }) else { return true }
        guard candidates[index].mayTake(size) else { return false }
        candidates[index].bytesSent += size
        return true
    }

    /// The peer answered: the path is proven, and no longer a candidate.
    mutating func answered(_ challenge: UInt64) -> Candidate? {
        guard let index = candidates.firstIndex(where: { $0.challenge == challenge }) else {
            return nil
        }
        return candidates.remove(at: index)
    }

    /// Forgets all.
    mutating func removeAll() {
        candidates.removeAll()
    }

    /// Whether a challenge is to leave now.
    var isChallengeDue: Bool { candidates.contains { $0.isDue } }

    /// When to call ``handleTimeout(now:)``; nil while nothing is being proven.
    var deadline: Instant? { candidates.lazy.map(\.nextAt).min() }

    /// Makes challenges due, and gives up paths that answered none.
    mutating func handleTimeout(now: Instant) {
        guard let deadline, deadline <= now else { return }
        candidates.removeAll { $0.nextAt <= now && $0.challengesLeft == 0 }
        for index in candidates.indices where candidates[index].nextAt <= now {
            candidates[index].isDue = true
            candidates[index].challengesLeft -= 1
            candidates[index].nextAt = now + candidates[index].interval
        }
    }
}

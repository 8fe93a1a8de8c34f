public import SealiftBase
import SealiftCrypto

/// Measuring paths while the present one works, and moving to one that was measured (PROTOCOL §5.3).
extension Connection {
    /// Connection ids that measuring leaves for ``tryPath(_:now:)``: a path that falls silent must
    /// never find none left.
    static let sequencesKeptForSearch: UInt32 = 3

    /// Asks for one round trip on `path`, the present one or another; ``ConnectionEvent/pathMeasured``
    /// tells what came of it. Another path gets a connection id of its own; where none is left to give,
    /// this end goes on under its next one and those that were tried are free again.
    /// - Returns: false if nothing was asked, and no event will come.
    public mutating func measurePath(_ path: PathID, now: Instant) -> Bool {
        guard state == .open, sampling.hasRoom, !sampling.contains(path) else { return false }
        if path != remote {
            if !hasSideRoute(to: path), !mayBeginSideRoute { renewConnectionID(now: now) }
            guard hasSideRoute(to: path) || mayBeginSideRoute, sideRoute(to: path) != nil else {
                return false
            }
        }
        sampling.begin(path, challenge: randomWord(), now: now)
        return true
    }

    /// Moves to a path that was measured within the last ten seconds, though the present one works.
    /// All that is known of the present one counts no more (RFC 9000 §9.4), and what is under way on it
    /// is sent again.
    /// - Returns: false if the peer did not answer there, or it is where packets go already.
    public mutating func adoptPath(_ path: PathID, now: Instant) -> Bool {
        guard state == .open, path != remote, sampling.isProven(path, now: now),
            hasSideRoute(to: path)
        else { return false }
        sampling.removeAll()
        let before = remote
        move(to: path, now: now)
        leftPath = before
        return true
    }

    private var mayBeginSideRoute: Bool {
        guard let last = protection.localSequences.last else { return false }
        return last - acknowledgedSequence < Self.sequencesAhead - Self.sequencesKeptForSearch
    }

    private func hasSideRoute(to path: PathID) -> Bool {
        sideRoutes.contains { $0.path == path }
    }

    /// Goes on under the next connection id on the same path. An end that sends little, as the one
    /// that measures does, loses next to nothing by it.
    private mutating func renewConnectionID(now: Instant) {
        // Once the peer acknowledged something under the present one, and not before: it would cost those
        // that are kept.
        guard sampling.samples.isEmpty, outgoingObjects.unsentByteCount == 0,
            acknowledgedSequence == path.sequence
        else { return }
        localAddressChanged(now: now)
    }

    /// Tells which paths did not answer.
    mutating func expireSamples(now: Instant) {
        while let path = sampling.takeExpired(now: now) { events.append(.pathMeasured(path, nil)) }
    }
}

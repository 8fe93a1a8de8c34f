public import SealiftBase

extension Connection {
    /// When to call ``handleTimeout(now:)`` and then ``pollTransmit(into:now:)``; nil when closed.
    /// It may lie in the past: then at once. Changes with every other call.
    public var nextTimeout: Instant? {
        switch state {
        case .closed: return nil
        case .draining: return closing.map { $0.isDue ? $0.end : .zero }
        case .closing: return closing?.due
        case .open: break
        }
        var earliest = lastOpenedAt + configuration.idleTimeout
        if let deadline = path.deadline { earliest = min(earliest, deadline) }
        for packets in received {
            if let deadline = packets.deadline { earliest = min(earliest, deadline) }
        }
        if let keepAlive = keepAliveDeadline { earliest = min(earliest, keepAlive) }
        if hasElicitingWork, path.windowHasRoom, let release = path.pacer.releaseTime {
            earliest = min(earliest, release)
        }
        if let due = keyDeadline { earliest = min(earliest, due) }
        if let due = validation.deadline { earliest = min(earliest, due) }
        if let due = sampling.deadline { earliest = min(earliest, due) }
        return earliest
    }

    /// When the initiator pings: after a silence in both directions.
    private var keepAliveDeadline: Instant? {
        guard isInitiator, configuration.keepAlive, !pingIsPending else { return nil }
        return max(lastOpenedAt, lastElicitingSentAt) + configuration.keepAliveInterval
    }

    /// Acts on every timer that is due. Follow with ``pollTransmit(into:now:)``.
    public mutating func handleTimeout(now: Instant) {
        switch state {
        case .closed: return
        case .draining:
            if closing.map({ $0.end <= now || !$0.isDue }) ?? true { state = .closed }
            return
        case .closing:
            closing?.handleTimeout(now: now)
            if closing.map({ $0.end <= now }) ?? true { state = .closed }
            return
        case .open: break
        }
        if lastOpenedAt + configuration.idleTimeout <= now {
            expire()
            return
        }
        validation.handleTimeout(now: now)
        expireSamples(now: now)
        path.handleTimeout(now: now, lost: &lostScratch)
        requeueLostFrames()
        if let deadline = keepAliveDeadline, deadline <= now { pingIsPending = true }
        serviceKeys(now: now)
    }
}

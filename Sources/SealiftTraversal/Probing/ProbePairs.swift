import SealiftBase

/// A socket of ours and an address of the peer's, and how far probing between them is.
struct ProbePair {
    let socket: Int
    let address: TransportAddress
    /// Probes sent; at most one more than there are intervals.
    var sent = 0
    /// When the next one goes; nil for never.
    var due: Instant?
    var lastSent: Instant?
    /// Whether the peer was just heard here: an answer may get through now, so this pair comes first.
    var isUrgent = false
    /// The shortest round trip; nil until a reply came.
    var rtt: Duration?
    /// Our address as the peer saw it.
    var seenAs: TransportAddress?

    var isSpent: Bool { sent > ProbeLimits.intervals.count }
}

/// Every pair of a call. Bounded: 16 listed addresses on four sockets, and 16 observed ones.
struct ProbePairs {
    private(set) var pairs: [ProbePair] = []
    private var listed: [TransportAddress] = []
    private var observedCount = 0

    /// Whether anything was ever to be probed.
    var isEmpty: Bool { pairs.isEmpty }

    /// The earliest probe; nil where none will go.
    var nextDue: Instant? { pairs.lazy.compactMap(\.due).min() }

    /// The pair of the shortest round trip; nil while there is none.
    var best: ProbePair? {
        pairs.filter { $0.rtt != nil }.min { ($0.rtt ?? .zero) < ($1.rtt ?? .zero) }
    }

    /// Takes the addresses of a list that are new, while there is room, with every socket of their family.
    mutating func add(_ addresses: [TransportAddress], sockets: [ProbeSocket], now: Instant) {
        for address in addresses where !listed.contains(address) {
            guard listed.count < ProbeLimits.listedAddresses else { return }
            listed.append(address)
            for socket in sockets { add(address, socket, now: now) }
        }
    }

    /// Another socket takes part: it probes every address listed so far.
    mutating func add(_ socket: ProbeSocket, now: Instant) {
        for address in listed { add(address, socket, now: now) }
    }

    private mutating func add(_ address: TransportAddress, _ socket: ProbeSocket, now: Instant) {
        guard socket.reaches(address), index(socket.index, address) == nil else { return }
        pairs.append(ProbePair(socket: socket.index, address: address, due: now))
    }

    /// The peer was heard from `address` on `socket`: what goes there now is let in, most likely.
    mutating func observe(socket: Int, address: TransportAddress, isProbing: Bool, now: Instant) {
        guard let place = index(socket, address) else {
            guard isProbing, observedCount < ProbeLimits.observedAddresses else { return }
            observedCount += 1
            pairs.append(
                ProbePair(socket: socket, address: address, due: now, isUrgent: true))
            return
        }
        let pair = pairs[place]
        guard isProbing, pair.rtt == nil, !pair.isSpent else { return }
        let earliest = pair.lastSent.map { $0 + ProbeLimits.triggerInterval } ?? now
        pairs[place].due = min(pair.due ?? .distantFuture, max(now, earliest))
        pairs[place].isUrgent = true
    }

    /// The next pair to probe now, and schedules its probe after that; nil where nothing is due.
    mutating func takeDue(now: Instant) -> (socket: Int, address: TransportAddress)? {
        let due = pairs.indices.filter { (pairs[$0].due ?? .distantFuture) <= now }
        let place = due.min { left, right in
            (pairs[left].isUrgent ? 0 : 1, pairs[left].due ?? now, left)
                < (pairs[right].isUrgent ? 0 : 1, pairs[right].due ?? now, right)
        }
        guard let place else { return nil }
        let sent = pairs[place].sent
        pairs[place].due =
            sent < ProbeLimits.intervals.count ? now + ProbeLimits.intervals[sent] : nil
        pairs[place].sent = sent + 1
        pairs[place].lastSent = now
        pairs[place].isUrgent = false
        return (pairs[place].socket, pairs[place].address)
    }

    /// A reply came back. Gives the pair if it is the first; a probe of birthday probing makes one.
    mutating func validate(
        socket: Int, address: TransportAddress, rtt: Duration, seenAs: TransportAddress?
    ) -> ProbePair? {
        let place: Int
        if let known = index(socket, address) {
            place = known
        } else {
            // Bounded by the probes that we sent.
            pairs.append(ProbePair(socket: socket, address: address))
            place = pairs.count - 1
        }
        let isFirst = pairs[place].rtt == nil
        pairs[place].rtt = min(pairs[place].rtt ?? rtt, rtt)
        pairs[place].seenAs = seenAs
        pairs[place].due = nil
        return isFirst ? pairs[place] : nil
    }

    /// Nothing more goes to the pairs there are.
    mutating func stop() {
        for place in pairs.indices { pairs[place].due = nil }
    }

    private func index(_ socket: Int, _ address: TransportAddress) -> Int? {
        pairs.firstIndex { $0.socket == socket && $0.address == address }
    }
}

internal import DequeModule
public import SealiftBase
public import SealiftCrypto

/// Finds a way between the two ends of a call by authenticated probes (`docs/PROTOCOL.md` §10.9).
///
/// A value without sockets and clock. Its driver moves datagrams in and out, calls
/// ``handleTimeout(now:)`` when ``nextTimeout`` has come, and takes events. Both ends probe; the caller
/// then sends its handshake on the paths it learns of, the callee only keeps answering here.
///
/// - A datagram of a stranger costs one look-up: no reply, no allocation, nothing remembered.
/// - An end sends at most 200 probes and 200 replies a second, to at most 16 addresses of its peer's list
///   and 16 it was heard from, ten each; and, by both ends' consent, to one address of the list on ports
///   chosen by chance.
/// - A path counts as proven when a reply to a probe of our own, with its unpredictable nonce, came back
///   from where the probe went.
public struct ProbeAgent: Sendable {
    /// What the driver is told, in order.
    public enum Event: Equatable, Sendable {
        /// A way was proven; each once. Several may come.
        case validated(ProbePath)
        /// The best of those proven so far, once: there is little sense in waiting for a better one. Open
        /// sockets that are not part of a proven path are of no more use.
        case chosen(ProbePath)
        /// Open so many sockets more and give them to ``addBirthdaySockets(_:now:)``; fewer will do, with
        /// less hope.
        case wantsSockets(Int)
        /// Nothing was found in time; once. The agent goes on answering, so a way may still be found.
        case exhausted(ProbeDiagnosis)
    }

    /// Which end this is.
    public let role: CallRole
    /// The call's id.
    public let callID: CallID

    private let outgoing: ProbeKey
    private let incoming: ProbeKey
    private let policy: AddressPolicy
    private let local: Call
    private var peer: Call
    private var sockets: [ProbeSocket]
    private var entropy: any EntropySource
    private let start: Instant

    private var pairs = ProbePairs()
    private var sent = SentProbes()
    private var birthday = BirthdayState.planned
    /// The sequences of the peer's probes that came before.
    private var window = ReplayWindow()
    private var replies: TokenBucket
    private var heardPeer = false
    /// When the next probe may go, whatever is due.
    private var nextSlot: Instant
    /// When the best path is chosen; nil before the first and after the choice.
    private var choiceDue: Instant?
    private var isChosen = false
    private var isJudged = false

    private var transmits: Deque<Probe> = []
    private var events: Deque<Event> = []

    private enum BirthdayState: Sendable {
        case planned
        case running(BirthdayProbing)
        case over
    }

    /// Begins to probe; call ``handleTimeout(now:)`` next.
    ///
    /// - Parameters:
    ///   - psk: the secret that the ends share.
    ///   - role: which end this is.
    ///   - local: what we told the peer about us last.
    ///   - peer: what the peer told about itself.
    ///   - sockets: those that take part, at most four. The first of each family is the one that our
    ///     reflexive address was asked for with.
    ///   - policy: what the user lets us probe and answer.
    ///   - entropy: nonces and ports.
    /// - Precondition: `local` and `peer` belong to one call.
    public init(
        psk: PreSharedKey, role: CallRole, local: Call, peer: Call, sockets: [ProbeSocket],
        policy: AddressPolicy = AddressPolicy(), entropy: some EntropySource, now: Instant
    ) {
        precondition(local.id == peer.id, "two ends of one call")
        self.role = role
        callID = local.id
        outgoing = ProbeKey(psk: psk, callID: local.id.bytes, direction: role.direction)
        incoming = ProbeKey(psk: psk, callID: local.id.bytes, direction: role.peer.direction)
        self.policy = policy
        self.local = local
        self.peer = peer
        self.sockets = Array(sockets.prefix(ProbeLimits.sockets))
        self.entropy = entropy
        start = now
        nextSlot = now
        replies = TokenBucket(ProbeLimits.replies, now: now)
        addCandidates(now: now)
    }

    // MARK: Inputs

    /// Takes a datagram from a socket.
    /// - Returns: whether it carried this call's tag. False: not ours, nothing happened.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, socket: Int, from source: TransportAddress, now: Instant
    ) -> Bool {
        guard ProbeDatagram.isCandidate(datagram, tag: incoming.tag) else { return false }
        guard CandidateList.isUsable(Candidate(.host, source), policy: policy),
            let message = ProbeDatagram(datagram, key: incoming)
        else { return true }
        switch message.kind {
        case .probe: answer(message, socket: socket, source: source, now: now)
        case .reply: take(message, socket: socket, source: source, now: now)
        }
        return true
    }

    /// The peer told something newer about itself: addresses it did not have before are probed too, up to
    /// 16 in the whole call.
    public mutating func update(peer: Call, now: Instant) {
        guard peer.id == callID, peer.revision > self.peer.revision else { return }
        self.peer = peer
        addCandidates(now: now)
    }

    /// Gives the sockets that ``Event/wantsSockets(_:)`` asked for.
    public mutating func addBirthdaySockets(_ sockets: [ProbeSocket], now: Instant) {
        guard case .running(var probing) = birthday else { return }
        probing.add(sockets)
        birthday = .running(probing)
    }

    /// Another socket takes part from now on, if there are fewer than four: one at a relay, which was held
    /// back while something better could be found.
    public mutating func add(_ socket: ProbeSocket, now: Instant) {
        guard sockets.count < ProbeLimits.sockets,
            !sockets.contains(where: { $0.index == socket.index })
        else { return }
        sockets.append(socket)
        if !isChosen { pairs.add(socket, now: now) }
    }

    /// Does what is due.
    public mutating func handleTimeout(now: Instant) {
        if let due = birthdayStart, due <= now { beginBirthday(now: now) }
        if let due = choiceDue, due <= now { choose() }
        if let due = judgementDue, due <= now { judge() }
        guard nextSlot <= now else { return }
        if let pair = pairs.takeDue(now: now) {
            probe(socket: pair.socket, address: pair.address, now: now)
        } else if case .running(var probing) = birthday, let pair = probing.takeDue(now: now) {
            birthday = .running(probing)
            probe(socket: pair.socket, address: pair.address, now: now)
        }
    }

    // MARK: Outputs

    /// When ``handleTimeout(now:)`` wants to be called; nil for never.
    public var nextTimeout: Instant? {
        var next = choiceDue ?? .distantFuture
        if let due = birthdayStart { next = min(next, due) }
        if let due = judgementDue { next = min(next, due) }
        if let due = probeDue { next = min(next, max(due, nextSlot)) }
        return next == .distantFuture ? nil : next
    }

    /// The next datagram to send; nil where there is none. Ask after each input.
    public mutating func pollTransmit() -> Probe? { transmits.popFirst() }

    /// What happened; nil where nothing did. Ask after each input.
    public mutating func pollEvent() -> Event? { events.popFirst() }

    /// The best path proven so far.
    public var bestPath: ProbePath? { pairs.best.flatMap { ProbePath($0) } }

    /// Probes sent so far.
    public var probesSent: Int { sent.count }

    // MARK: Datagrams

    private mutating func answer(
        _ probe: ProbeDatagram, socket: Int, source: TransportAddress, now: Instant
    ) {
        // A probe that comes again, perhaps from where somebody wants our packets to go, gets nothing.
        guard window.isNew(UInt64(probe.sequence)) else { return }
        window.insert(UInt64(probe.sequence))
        heardPeer = true
        pairs.observe(socket: socket, address: source, isProbing: !isChosen, now: now)
        guard transmits.count < ProbeLimits.waitingDatagrams,
            replies.take(ProbeLimits.replies, now: now)
        else { return }
        let reply = ProbeDatagram(replyTo: probe, from: source)
        transmits.append(
            Probe(socket: socket, destination: source, bytes: reply.encoded(key: outgoing)))
    }

    private mutating func take(
        _ reply: ProbeDatagram, socket: Int, source: TransportAddress, now: Instant
    ) {
        guard
            let rtt = sent.settle(
                reply.sequence, nonce: reply.nonce, socket: socket, address: source, now: now)
        else { return }
        heardPeer = true
        let pair = pairs.validate(socket: socket, address: source, rtt: rtt, seenAs: reply.seen)
        guard let path = pair.flatMap({ ProbePath($0) }) else { return }
        birthday = .over
        events.append(.validated(path))
        guard !isChosen else { return }
        // Whatever is faster was asked at about the same time, so it has answered by then.
        let due = now + min(rtt, ProbeLimits.settling)
        choiceDue = min(choiceDue ?? due, due)
    }

    private mutating func probe(socket: Int, address: TransportAddress, now: Instant) {
        nextSlot = now + ProbeLimits.spacing
        let nonce = entropy.bytes(ProbeDatagram.nonceByteCount)
            .reduce(0) { $0 << 8 | UInt64($1) }
        let sequence = sent.add(nonce: nonce, socket: socket, address: address, now: now)
        let datagram = ProbeDatagram(probe: sequence, nonce: nonce)
        transmits.append(
            Probe(socket: socket, destination: address, bytes: datagram.encoded(key: outgoing)))
    }

    // MARK: Course

    private mutating func addCandidates(now: Instant) {
        // An address of ours is not the peer, though many machines have a bridge of that name.
        let own = Set(local.candidates.candidates.map(\.address))
        let addresses = peer.candidates.candidates
            .filter { CandidateList.isUsable($0, policy: policy) && !own.contains($0.address) }
            .map(\.address)
        pairs.add(addresses, sockets: sockets, now: now)
    }

    private var probeDue: Instant? {
        guard case .running(let probing) = birthday, let due = probing.nextDue else {
            return pairs.nextDue
        }
        return min(due, pairs.nextDue ?? due)
    }

    /// What part we take in birthday probing, at which address, from which socket; nil for none.
    private var birthdayPlan: (BirthdayProbing.Part, TransportAddress, socket: Int)? {
        guard let part = BirthdayProbing.part(local: local.nat, peer: peer.nat),
            local.flags.contains(.birthday), peer.flags.contains(.birthday)
        else { return nil }
        for candidate in peer.candidates.candidates
        where candidate.kind == .reflexive && CandidateList.isUsable(candidate, policy: policy) {
            guard let socket = sockets.first(where: { $0.family == candidate.address.family })
            else { continue }
            return (part, candidate.address, socket.index)
        }
        return nil
    }

    /// When birthday probing begins; nil if it has begun, or will not.
    private var birthdayStart: Instant? {
        guard case .planned = birthday, !isJudged, birthdayPlan != nil else { return nil }
        return start + ProbeLimits.birthdayDelay
    }

    private mutating func beginBirthday(now: Instant) {
        guard let (part, target, socket) = birthdayPlan else { return }
        birthday = .running(
            BirthdayProbing(part, target: target, socket: socket, entropy: &entropy, now: now))
        if part == .opens { events.append(.wantsSockets(ProbeLimits.birthdaySockets)) }
    }

    private mutating func choose() {
        choiceDue = nil
        isChosen = true
        pairs.stop()
        if let bestPath { events.append(.chosen(bestPath)) }
    }

    /// When it is known that nothing was found; nil once something was, or the verdict was given.
    private var judgementDue: Instant? {
        guard !isJudged, pairs.best == nil else { return nil }
        let end = start + ProbeLimits.patience
        if case .running = birthday { return end }
        guard birthdayStart == nil, pairs.nextDue == nil else { return end }
        return min(end, (sent.lastInstant ?? start) + ProbeLimits.lastWait)
    }

    private mutating func judge() {
        isJudged = true
        events.append(.exhausted(diagnosis))
        birthday = .over
    }

    private var diagnosis: ProbeDiagnosis {
        ProbeDiagnosis(
            cause: cause, local: local.nat, peer: peer.nat, probesSent: sent.count,
            heardPeer: heardPeer)
    }

    private var cause: ProbeDiagnosis.Cause {
        if local.nat == .blocked { return .blockedHere }
        if peer.nat == .blocked { return .blockedThere }
        if heardPeer { return .oneWay }
        if peer.candidates.candidates.isEmpty { return .noCandidates }
        if pairs.isEmpty { return .noCommonFamily }
        if case .running = birthday { return .birthdayMissed }
        if local.nat == .endpointDependent && peer.nat == .endpointDependent { return .bothHard }
        let isWorthIt = BirthdayProbing.part(local: local.nat, peer: peer.nat) != nil
        return isWorthIt ? .birthdayNotPossible : .silence
    }
}

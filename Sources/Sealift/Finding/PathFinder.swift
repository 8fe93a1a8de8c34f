import DequeModule
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftRendezvous
import SealiftTransport
import SealiftTraversal

/// What a run does to be found, and to find the other end, beside dialling the addresses it was told:
/// asks STUN servers, calls or is called through rendezvous servers, probes.
///
/// Owned by the thread of the sockets, and driven by it like a protocol machine: datagrams in,
/// ``advance(now:)``, ``nextTimeout``.
final class PathFinder {
    /// How often a sender that does not answer is called anew: before the call before is over.
    private static let callInterval = Duration.seconds(25)
    /// More servers are not used at once.
    private static let mostServers = 4
    /// The most connections to servers while contacts are waited for.
    private static let mostContactDesks = 32
    /// Proven paths that are remembered.
    private static let mostPaths = 32
    /// The line of the ticket, or of the code that the receiver typed.
    private static let firstLine = 0

    /// A secret that calls may come under.
    private struct Line {
        let number: Int
        let psk: PreSharedKey
        var ledger = CallLedger()
    }

    /// The wish to call the sender.
    private struct Search {
        /// A session stands: one call is made, and what it found is all.
        var isFurther = false
        /// When the next call is made.
        var due: Instant
        /// When it is made even if STUN servers have not answered.
        var latest: Instant
        /// The last call.
        var call: Call?
    }

    private let pump: DatagramPump
    private let policy: NetworkPolicy
    private let servers: [RendezvousAddress]
    private let role: CallRole
    private let device: DeviceID
    private let waker: Waker
    private let hasSTUN: Bool
    private var gathering: AddressGathering
    /// Asked for an address once a call is likely; nil where the user names none.
    private var relay: OwnRelay?
    /// What peers named as their own relays.
    private var peerRelays: Set<TransportAddress> = []
    private var desks: [CallDesk] = []
    private var lines: [Line] = []
    private var nextLine = PathFinder.firstLine
    private var calls: [LiveCall] = []
    private var search: Search?
    /// Of ``gathering``, when calls were told last.
    private var toldRevision = 0
    /// Paths that probing proved, oldest first.
    private(set) var proven: [PathID] = []
    private var fresh: Deque<PathID> = []
    /// The sockets that sessions go by: none of them is closed.
    var socketsInUse: Set<Int> = []
    /// What the sender said of itself in its last answer.
    private var lastPeer: Call?
    private var failures: Deque<ProbeDiagnosis> = []
    private var isFinished = false

    /// Begins to gather addresses.
    /// - Parameters:
    ///   - role: the receiver calls, the sender is called.
    ///   - device: our own.
    ///   - relay: the user's own; nil for none.
    init(
        _ pump: DatagramPump, role: CallRole, device: DeviceID, policy: NetworkPolicy,
        stun: [StunServer], rendezvous: [RendezvousAddress], relay: RelayAccess?, waker: Waker
    ) throws(SystemError) {
        self.relay = relay.map { OwnRelay($0, policy: policy) }
        self.pump = pump
        self.policy = policy
        self.role = role
        self.device = device
        self.waker = waker
        servers = Array(rendezvous.prefix(Self.mostServers))
        hasSTUN = !stun.isEmpty
        gathering = try AddressGathering(
            pump.sockets, policy: policy, stun: stun, rendezvousHosts: rendezvous.map(\.host),
            waker: waker)
    }

    /// Whether a datagram is none of the transport's (`docs/PROTOCOL.md` §4.2, §5): two comparisons for
    /// those that are.
    @inline(__always)
    static func concerns(_ datagram: UnsafeRawBufferPointer) -> Bool {
        // STUN begins with two zero bits (RFC 8489 §5); 0xE4 and 0xE5 are probes (§10.9).
        guard let type = datagram.first else { return false }
        return type & 0xC0 == 0 || type & 0xFE == 0xE4
    }

    // MARK: What is wanted

    /// Waits until it is known how the sockets are seen from outside, a second at most.
    /// - Returns: the addresses that somebody may dial.
    func settledReflexive(_ cancellation: Cancellation) throws(SealiftError) -> [SocketAddress] {
        do throws(SystemError) {
            try gathering.settle(pump, cancellation: cancellation)
        } catch {
            throw SealiftError(.internalFailure, error)
        }
        return gathering.lastingReflexive(now: MonotonicClock.now()).map { SocketAddress($0) }
    }

    /// Waits for calls under `psk` too: of a ticket first, then of codes.
    func awaitCalls(_ psk: PreSharedKey) throws(SystemError) {
        guard !servers.isEmpty else { return }
        if lines.count == CallDesk.mostLines { lines.remove(at: 1) }
        let line = newLine(psk)
        lines.append(line)
        if desks.isEmpty { try openDesks(psk) }
        for desk in desks { desk.open(line: line.number, psk) }
        try openRelay()
    }

    /// Waits for calls under these secrets and no others: those of contacts' devices. They are shared out
    /// among several connections to each server, as many as one list of names can hold.
    ///
    /// What is known of a secret's calls stays known: a server hands its boxes of the last two minutes out
    /// anew, and calls that are over would take the places of new ones.
    func awaitCalls(of secrets: [PreSharedKey]) throws(SystemError) {
        guard !servers.isEmpty else { return }
        let former = lines
        let most = Self.mostContactDesks / servers.count * CallDesk.mostContactLines
        let all = secrets.prefix(most).map { secret in
            former.first { $0.psk.secret.constantTimeEquals(secret.secret) } ?? newLine(secret)
        }
        guard desks.isEmpty || all.map(\.number) != former.map(\.number) else { return }
        for desk in desks { desk.finish() }
        desks = []
        lines = all
        for start in stride(from: 0, to: all.count, by: CallDesk.mostContactLines) {
            let chunk = all[start..<min(start + CallDesk.mostContactLines, all.count)]
            let dummies = MailboxKey(dummiesBeside: chunk[start].psk.secret, of: device)
            for server in servers {
                let desk = try CallDesk(
                    server, role: role, dummies: dummies, policy: policy, waker: waker,
                    capacity: CallDesk.mostContactLines)
                for line in chunk { desk.open(line: line.number, line.psk) }
                desks.append(desk)
            }
        }
        if !lines.isEmpty { try openRelay() }
    }

    private func newLine(_ psk: PreSharedKey) -> Line {
        defer { nextLine += 1 }
        return Line(number: nextLine, psk: psk)
    }

    /// Calls whoever waits with `psk`, from `start` on, until ``stopCalling()``.
    func call(_ psk: PreSharedKey, from start: Instant) throws(SystemError) {
        guard search?.isFurther != false, !servers.isEmpty else { return }
        if search != nil { stopCalling() }
        if lines.isEmpty { lines = [Line(number: Self.firstLine, psk: psk)] }
        search = Search(due: start, latest: start + gathering.patience)
        gathering.refresh(now: start)
    }

    /// Calls whoever waits with `psk` once, though a session stands, to find a better way than its; then
    /// leaves the servers again. Does nothing while a call is made.
    func callAgain(_ psk: PreSharedKey, now: Instant) {
        guard search == nil, !servers.isEmpty else { return }
        if lines.isEmpty { lines = [Line(number: Self.firstLine, psk: psk)] }
        search = Search(isFurther: true, due: now, latest: now + gathering.patience)
        gathering.refresh(now: now)
    }

    /// The two ends have met: leaves the servers.
    func stopCalling() {
        guard search != nil else { return }
        search = nil
        for desk in desks { desk.finish() }
        desks = []
        // Probing ends too; the sender's goes on alone until its call is over.
        for index in calls.indices.reversed() { end(index) }
    }

    /// A session stands on `path`, with whoever waits with `psk`: the call that led to it is over, and
    /// leaves its place to the next (`docs/PROTOCOL.md` §10.8).
    func sessionStands(under psk: PreSharedKey, on path: PathID) {
        guard let place = lines.firstIndex(where: { $0.psk.secret.constantTimeEquals(psk.secret) })
        else { return }
        let those = calls.indices.filter { calls[$0].line == lines[place].number }
        // Where probing has not said so yet and there is only one call, it is that one.
        guard
            let index = those.first(where: { calls[$0].ledTo(path) })
                ?? (those.count == 1 ? those.first : nil)
        else { return }
        lines[place].ledger.end(calls[index].peer.id)
        end(index)
    }

    private func openDesks(_ psk: PreSharedKey) throws(SystemError) {
        let dummies = MailboxKey(dummiesBeside: psk.secret, of: device)
        desks = try servers.map { server throws(SystemError) in
            try CallDesk(server, role: role, dummies: dummies, policy: policy, waker: waker)
        }
    }

    /// Begins to ask the user's own relay for an address, once.
    private func openRelay() throws(SystemError) {
        let waker = waker
        try relay?.open { waker.wake() }
        pump.relay = relay?.link
    }

    // MARK: What was found

    /// How packets on `path` travel, as far as the two ends tell.
    func kind(of path: PathID) -> PeerConnection.PathKind {
        path.isRelayed || peerRelays.contains(TransportAddress(path.address)) ? .relayed : .direct
    }

    /// Takes the next trouble with the relay, in words for the user; nil where there is none.
    func takeRelayTrouble() -> String? { relay?.takeTrouble() }

    /// Takes the next path that probing proved; nil where there is none.
    func takePath() -> PathID? { fresh.popFirst() }

    /// Takes the verdict of a call that led nowhere; nil where there is none.
    func takeFailure() -> ProbeDiagnosis? { failures.popFirst() }

    /// Why nobody was reached.
    /// - Parameter dialled: how many addresses of the sender were dialled.
    func diagnosis(dialled: Int, now: Instant) -> ConnectDiagnosis {
        ConnectDiagnosis(
            own: gathering.natKind(now: now),
            peer: lastPeer.map { ($0.nat, $0.candidates.candidates.count) }, dialled: dialled,
            standings: servers.isEmpty
                ? [] : desks.isEmpty ? [.connecting] : desks.map(\.standing),
            hasSTUN: hasSTUN, relay: relay?.standing)
    }

    // MARK: Driving

    /// When ``advance(now:)`` wants to be called; nil for never.
    var nextTimeout: Instant? {
        var next = gathering.nextTimeout ?? .distantFuture
        if let search {
            let isReady = desks.isEmpty || gathering.isSettled
            next = min(next, isReady ? search.due : max(search.due, search.latest))
        }
        for call in calls {
            next = min(next, call.end, call.agent.nextTimeout ?? .distantFuture)
            if let due = call.relayDue, relay?.address != nil { next = min(next, due) }
        }
        return next == .distantFuture ? nil : next
    }

    /// Takes a datagram that ``concerns(_:)`` us.
    func receive(_ datagram: UnsafeRawBufferPointer, on path: PathID, now: Instant) {
        if gathering.receive(datagram, on: path, now: now) { return }
        let source = TransportAddress(path.address)
        for index in calls.indices {
            guard
                calls[index].agent.receive(
                    datagram, socket: path.socket, from: source, now: now)
            else { continue }
            sendProbes(index)
            return
        }
    }

    /// Does what is due, and takes what came from servers.
    func advance(now: Instant) {
        guard !isFinished else { return }
        gathering.advance(pump, now: now)
        for desk in desks {
            while let arrival = desk.takeArrival() { take(arrival, now: now) }
        }
        relay?.takeEvents()
        makeCall(now: now)
        joinRelay(now: now)
        tellChanges()
        for index in calls.indices.reversed() {
            if let due = calls[index].agent.nextTimeout, due <= now {
                calls[index].agent.handleTimeout(now: now)
                sendProbes(index)
            }
            takeEvents(index)
            if calls[index].end <= now { end(index) }
        }
    }

    /// Ends what goes on beside.
    func finish() {
        isFinished = true
        gathering.finish()
        relay?.finish()
        for desk in desks { desk.finish() }
    }

    // MARK: Calls

    private func ownCall(_ id: CallID, now: Instant) -> Call {
        Call(
            id: id, nat: gathering.natKind(now: now) ?? .unclassified,
            flags: search?.isFurther == true ? .directOnly : .birthday,
            candidates: ownCandidates(isRelayed: false))
    }

    /// What a peer is told of us.
    private func ownCandidates(isRelayed: Bool) -> CandidateList {
        let own = gathering.candidates()
        guard let relay else { return CandidateList(own) }
        // There must be room for the relay later, in a list that its reader takes to sixteen.
        let relayed = isRelayed ? relay.address.map { [Candidate(.relayed, $0)] } ?? [] : []
        return CandidateList(own.prefix(CandidateList.maximumCount - 1) + relayed)
    }

    /// What peers were told last depends on it.
    private var revision: Int { gathering.revision + (relay?.revision ?? 0) }

    /// Lets the relay take part in calls that found nothing direct in time.
    private func joinRelay(now: Instant) {
        guard let relay, relay.address != nil else { return }
        for index in calls.indices {
            guard let due = calls[index].relayDue, due <= now else { continue }
            calls[index].join(relay, now: now)
            retell(index)
        }
    }

    /// Takes what a peer of a live call says newly.
    private func update(_ index: Int, peer: Call, now: Instant) {
        calls[index].update(peer: peer, now: now)
        if calls[index].isRelayed { relay?.admit(peer.candidates) }
        note(peer)
    }

    private func note(_ peer: Call) {
        for candidate in peer.candidates.candidates where candidate.kind == .relayed {
            if peerRelays.count < Self.mostPaths { peerRelays.insert(candidate.address) }
        }
    }

    /// Calls the sender, where it is time to.
    private func makeCall(now: Instant) {
        guard let search, search.due <= now, let line = lines.first else { return }
        if search.isFurther, search.call != nil { return stopCalling() }
        if desks.isEmpty {
            do throws(SystemError) { try openDesks(line.psk) } catch {
                // No thread to be had: dialling goes on, and the next try is due later.
                self.search?.due = now + Self.callInterval
                return
            }
            for desk in desks { desk.open(line: line.number, line.psk) }
            try? openRelay()
        }
        guard gathering.isSettled || search.latest <= now else { return }
        if let before = search.call {
            for desk in desks { desk.forget(before.id) }
        }
        var entropy = SealiftCrypto.SystemEntropy()
        let call = ownCall(.random(entropy: &entropy), now: now)
        for desk in desks { desk.put(call, line: line.number) }
        toldRevision = revision
        self.search?.call = call
        self.search?.due = now + Self.callInterval
    }

    private func take(_ arrival: CallDesk.Arrival, now: Instant) {
        switch role {
        case .caller: takeAnswer(arrival, now: now)
        case .callee: takeCall(arrival, now: now)
        }
    }

    private func takeAnswer(_ arrival: CallDesk.Arrival, now: Instant) {
        guard let own = search?.call, own.id == arrival.call.id, let line = lines.first else {
            return
        }
        lastPeer = arrival.call
        if let index = calls.firstIndex(where: { $0.local.id == own.id }) {
            update(index, peer: arrival.call, now: now)
        } else {
            begin(line, local: own, peer: arrival.call, now: now)
        }
    }

    private func takeCall(_ arrival: CallDesk.Arrival, now: Instant) {
        guard let place = lines.firstIndex(where: { $0.number == arrival.line }) else { return }
        switch lines[place].ledger.admit(arrival.call, now: now) {
        case .begin:
            // Who calls may have lost us because our network changed.
            gathering.refresh(now: now)
            let answer = ownCall(arrival.call.id, now: now)
            for desk in desks { desk.put(answer, line: arrival.line) }
            begin(lines[place], local: answer, peer: arrival.call, now: now)
        case .revise:
            guard let index = calls.firstIndex(where: { $0.local.id == arrival.call.id }) else {
                return
            }
            update(index, peer: arrival.call, now: now)
        case .ignore, .busy:
            break
        }
    }

    private func begin(_ line: Line, local: Call, peer: Call, now: Instant) {
        note(peer)
        let sockets = pump.sockets.enumerated().map { index, socket in
            ProbeSocket(
                index: index, family: socket.localAddress.family == .ipv4 ? .ipv4 : .ipv6)
        }
        calls.append(
            LiveCall(
                line: line.number, line.psk, role: role, local: local, peer: peer,
                sockets: sockets, policy: policy.addresses, now: now))
    }

    /// Tells the peers of live calls what changed about us.
    private func tellChanges() {
        guard revision != toldRevision else { return }
        toldRevision = revision
        let nat = gathering.natKind(now: MonotonicClock.now()) ?? .unclassified
        let candidates = ownCandidates(isRelayed: false)
        for index in calls.indices { retell(index) }
        // A call that is not answered yet.
        if let call = search?.call, !calls.contains(where: { $0.local.id == call.id }),
            call.revision < .max, call.nat != nat || call.candidates != candidates
        {
            let revised = Call(
                id: call.id, revision: call.revision + 1, nat: nat, flags: call.flags,
                candidates: candidates)
            search?.call = revised
            tell(revised, after: call, line: Self.firstLine)
        }
    }

    /// Tells the peer of a live call what is new of us.
    private func retell(_ index: Int) {
        let before = calls[index].local
        calls[index].revise(
            nat: gathering.natKind(now: MonotonicClock.now()) ?? .unclassified,
            candidates: ownCandidates(isRelayed: calls[index].isRelayed))
        tell(calls[index].local, after: before, line: calls[index].line)
    }

    private func tell(_ call: Call, after before: Call, line: Int) {
        guard call != before else { return }
        if search?.call?.id == call.id { search?.call = call }
        for desk in desks { desk.put(call, line: line) }
    }

    /// Takes note of what a call's agent found. Not while datagrams are being read: it may open and close
    /// sockets.
    private func takeEvents(_ index: Int) {
        while let event = calls[index].agent.pollEvent() {
            switch event {
            case .validated(let path): found(path, index)
            case .chosen: closeSpares(index)
            case .wantsSockets(let count): addSockets(count, index)
            case .exhausted(let diagnosis):
                closeSpares(index)
                // The receiver's own end says why, when its time is over.
                if role == .callee { failures.append(diagnosis) }
            }
        }
    }

    private func sendProbes(_ index: Int) {
        while let probe = calls[index].agent.pollTransmit() {
            pump.send(
                probe.bytes,
                on: PathID(SocketAddress(probe.destination), socket: probe.socket))
        }
    }

    private func found(_ path: ProbePath, _ index: Int) {
        let path = PathID(SocketAddress(path.address), socket: path.socket)
        calls[index].note(path)
        fresh.append(path)
        guard !proven.contains(path) else { return }
        if proven.count == Self.mostPaths,
            let oldest = proven.firstIndex(where: { !socketsInUse.contains($0.socket) })
        {
            pump.closeSockets([proven.remove(at: oldest).socket])
        }
        proven.append(path)
    }

    private func addSockets(_ count: Int, _ index: Int) {
        let numbers = pump.addSockets(count)
        calls[index].spareSockets.formUnion(numbers)
        calls[index].agent.addBirthdaySockets(
            numbers.map { ProbeSocket(index: $0, family: .ipv4) }, now: MonotonicClock.now())
    }

    private func closeSpares(_ index: Int) {
        pump.closeSockets(calls[index].spareSockets)
        calls[index].spareSockets = []
    }

    private func end(_ index: Int) {
        closeSpares(index)
        for desk in desks { desk.forget(calls[index].local.id) }
        calls.remove(at: index)
    }
}

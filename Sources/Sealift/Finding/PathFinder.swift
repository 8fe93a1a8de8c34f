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
    /// What the sender said of itself in its last answer.
    private var lastPeer: Call?
    private var failures: Deque<ProbeDiagnosis> = []
    private var isFinished = false

    /// Begins to gather addresses.
    /// - Parameters:
    ///   - role: the receiver calls, the sender is called.
    ///   - device: our own.
    init(
        _ pump: DatagramPump, role: CallRole, device: DeviceID, policy: NetworkPolicy,
        stun: [StunServer], rendezvous: [RendezvousAddress], waker: Waker
    ) throws(SystemError) {
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
        let number = nextLine
        nextLine += 1
        lines.append(Line(number: number, psk: psk))
        if desks.isEmpty { try openDesks(psk) }
        for desk in desks { desk.open(line: number, psk) }
    }

    /// Calls whoever waits with `psk`, from `start` on, until ``stopCalling()``.
    func call(_ psk: PreSharedKey, from start: Instant) throws(SystemError) {
        guard search == nil, !servers.isEmpty else { return }
        if lines.isEmpty { lines = [Line(number: Self.firstLine, psk: psk)] }
        search = Search(due: start, latest: start + gathering.patience)
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

    private func openDesks(_ psk: PreSharedKey) throws(SystemError) {
        let dummies = MailboxKey(dummiesBeside: psk.secret, of: device)
        desks = try servers.map { server throws(SystemError) in
            try CallDesk(server, role: role, dummies: dummies, policy: policy, waker: waker)
        }
    }

    // MARK: What was found

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
            hasSTUN: hasSTUN)
    }

    // MARK: Driving

    /// When ``advance(now:)`` wants to be called; nil for never.
    var nextTimeout: Instant? {
        var next = gathering.nextTimeout ?? .distantFuture
        if let search {
            let isReady = desks.isEmpty || gathering.isSettled
            next = min(next, isReady ? search.due : max(search.due, search.latest))
        }
        for call in calls { next = min(next, call.end, call.agent.nextTimeout ?? .distantFuture) }
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
        makeCall(now: now)
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
        for desk in desks { desk.finish() }
    }

    // MARK: Calls

    private func ownCall(_ id: CallID, now: Instant) -> Call {
        Call(
            id: id, nat: gathering.natKind(now: now) ?? .unclassified,
            candidates: CandidateList(gathering.candidates()))
    }

    /// Calls the sender, where it is time to.
    private func makeCall(now: Instant) {
        guard let search, search.due <= now, let line = lines.first else { return }
        if desks.isEmpty {
            do throws(SystemError) { try openDesks(line.psk) } catch {
                // No thread to be had: dialling goes on, and the next try is due later.
                self.search?.due = now + Self.callInterval
                return
            }
            for desk in desks { desk.open(line: line.number, line.psk) }
        }
        guard gathering.isSettled || search.latest <= now else { return }
        if let before = search.call {
            for desk in desks { desk.forget(before.id) }
        }
        var entropy = SealiftCrypto.SystemEntropy()
        let call = ownCall(.random(entropy: &entropy), now: now)
        for desk in desks { desk.put(call, line: line.number) }
        toldRevision = gathering.revision
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
            calls[index].update(peer: arrival.call, now: now)
        } else {
            begin(line, local: own, peer: arrival.call, now: now)
        }
    }

    private func takeCall(_ arrival: CallDesk.Arrival, now: Instant) {
        guard let place = lines.firstIndex(where: { $0.number == arrival.line }) else { return }
        switch lines[place].ledger.admit(arrival.call, now: now) {
        case .begin:
            let answer = ownCall(arrival.call.id, now: now)
            for desk in desks { desk.put(answer, line: arrival.line) }
            begin(lines[place], local: answer, peer: arrival.call, now: now)
        case .revise:
            guard let index = calls.firstIndex(where: { $0.local.id == arrival.call.id }) else {
                return
            }
            calls[index].update(peer: arrival.call, now: now)
        case .ignore, .busy:
            break
        }
    }

    private func begin(_ line: Line, local: Call, peer: Call, now: Instant) {
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
        guard gathering.revision != toldRevision else { return }
        toldRevision = gathering.revision
        let now = MonotonicClock.now()
        let nat = gathering.natKind(now: now) ?? .unclassified
        let candidates = CandidateList(gathering.candidates())
        for index in calls.indices {
            let before = calls[index].local
            calls[index].revise(nat: nat, candidates: candidates)
            tell(calls[index].local, after: before, line: calls[index].line)
        }
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
        calls[index].spareSockets.remove(path.socket)
        let path = PathID(SocketAddress(path.address), socket: path.socket)
        guard !proven.contains(path) else { return }
        if proven.count == Self.mostPaths {
            pump.closeSockets([proven.removeFirst().socket])
        }
        proven.append(path)
        fresh.append(path)
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

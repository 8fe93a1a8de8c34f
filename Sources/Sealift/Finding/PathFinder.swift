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
    static let callInterval = Duration.seconds(25)
    /// More servers are not used at once.
    private static let mostServers = 4
    /// Proven paths that are remembered.
    static let mostPaths = 32
    /// The line of the ticket, or of the code that the receiver typed.
    static let firstLine = 0

    /// A secret that calls may come under.
    struct Line {
        let number: Int
        let psk: PreSharedKey
        var mailboxes: MailboxSecret
        /// The day before which ``mailboxes`` names none any more; nil where they are of no days.
        var firstMailboxDay: UInt64?
        var ledger: CallLedger
    }

    /// The wish to call the sender.
    struct Search {
        /// A session stands: one call is made, and what it found is all.
        var isFurther = false
        /// When the next call is made.
        var due: Instant
        /// When it is made even if STUN servers have not answered.
        var latest: Instant
        /// The last call.
        var call: Call?
    }

    let pump: DatagramPump
    let policy: NetworkPolicy
    let servers: [RendezvousAddress]
    let role: CallRole
    let device: DeviceID
    let waker: Waker
    private let hasSTUN: Bool
    var gathering: AddressGathering
    /// Asked for an address once a call is likely; nil where the user names none.
    var relay: OwnRelay?
    /// What peers named as their own relays.
    var peerRelays: Set<TransportAddress> = []
    var desks: [CallDesk] = []
    /// How ``desks`` share contacts' lines out among them; empty where no contact is waited for.
    var contactDesks: [ContactDesks] = []
    var lines: [Line] = []
    private var nextLine = PathFinder.firstLine
    var calls: [LiveCall] = []
    var search: Search?
    /// Of ``gathering``, when calls were told last.
    var toldRevision = 0
    /// Paths that probing proved, oldest first.
    var proven: [PathID] = []
    var fresh: Deque<PathID> = []
    /// The sockets that sessions go by: none of them is closed.
    var socketsInUse: Set<Int> = []
    /// What the sender said of itself in its last answer.
    var lastPeer: Call?
    var failures: Deque<ProbeDiagnosis> = []
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
        let line = newLine(psk, MailboxSecret(lasting: psk), of: .several)
        lines.append(line)
        if desks.isEmpty { try openDesks(beside: line.mailboxes) }
        for desk in desks { desk.open(line: line.number, line.mailboxes) }
        try openRelay()
    }

    func newLine(
        _ psk: PreSharedKey, _ mailboxes: MailboxSecret, of callers: CallLedger.Callers
    ) -> Line {
        defer { nextLine += 1 }
        return Line(
            number: nextLine, psk: psk, mailboxes: mailboxes, ledger: CallLedger(callers))
    }

    /// Calls whoever waits with `psk`, from `start` on, until ``stopCalling()``.
    /// - Parameter mailboxes: where; nil for those of `psk` itself.
    func call(
        _ psk: PreSharedKey, at mailboxes: MailboxSecret? = nil, from start: Instant
    ) throws(SystemError) {
        guard search?.isFurther != false, !servers.isEmpty else { return }
        if search != nil { stopCalling() }
        setLine(psk, mailboxes ?? MailboxSecret(lasting: psk))
        search = Search(due: start, latest: start + gathering.patience)
        gathering.refresh(now: start)
    }

    /// Calls whoever waits with `psk` once, though a session stands, to find a better way than its; then
    /// leaves the servers again. Does nothing while a call is made.
    func callAgain(_ psk: PreSharedKey, now: Instant) {
        guard search == nil, !servers.isEmpty else { return }
        setLine(psk, MailboxSecret(lasting: psk))
        search = Search(isFurther: true, due: now, latest: now + gathering.patience)
        gathering.refresh(now: now)
    }

    private func setLine(_ psk: PreSharedKey, _ mailboxes: MailboxSecret) {
        guard lines.isEmpty else { return }
        lines = [
            Line(
                number: Self.firstLine, psk: psk, mailboxes: mailboxes,
                ledger: CallLedger(.several))
        ]
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

    func openDesks(beside mailboxes: MailboxSecret) throws(SystemError) {
        desks = try servers.map { server throws(SystemError) in
            try CallDesk(
                server, role: role, device: device, dummiesBeside: mailboxes, policy: policy,
                waker: waker)
        }
    }

    /// Begins to ask the user's own relay for an address, once.
    func openRelay() throws(SystemError) {
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
}

import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftRendezvous
import SealiftTraversal
import Synchronization

/// The mailboxes of calls at one rendezvous server (`docs/PROTOCOL.md` §10.2, §10.8), on a thread of its
/// own: it waits there for calls, or for the answers to one's own, and puts boxes in.
///
/// A server that is lost is found again and subscribed to anew, with the identical list of names as long
/// as the hour is the same. Nothing of a transfer needs it once the two ends have met.
final class CallDesk: Sendable {
    /// A box that opened: what a peer says about itself, for the line it came on.
    struct Arrival: Sendable {
        let call: Call
        let line: Int
    }

    /// How the desk stands with its server.
    enum Standing: Equatable, Sendable {
        /// Not known yet.
        case connecting
        /// Subscribed.
        case open
        /// Why not, as a clause.
        case away(String)
    }

    /// Secrets whose calls are waited for at once: a ticket's and those of the latest codes.
    static let mostLines = 8
    /// Contacts' devices whose calls are waited for by one connection: three names each, in a list of 128.
    static let mostContactLines = 42
    /// How long after a lost connection the next is tried; twice as long each time, up to half a minute.
    private static let firstRetry = Duration.seconds(1)
    private static let longestRetry = Duration.seconds(30)
    /// How often it is looked whether the connection's end here is still an address of this machine: after
    /// a change of networks nothing comes any more, and nobody says so.
    private static let lookInterval = Duration.seconds(2)
    /// Boxes kept to be put again at a server that was lost or busy: calls that may still live.
    private static let mostOutgoing = 4
    /// Arrivals that wait, as many as a mailbox holds; more are dropped, and come again if they matter.
    private static let arrivalCapacity = 64

    /// One secret whose mailboxes are ours.
    private struct Line: Sendable {
        let number: Int
        let mailboxes: MailboxSecret
        let boxes: CallBoxes
    }

    /// Whose mailbox it is that we wait at, and of which hour.
    private struct Place: Sendable {
        let line: Line
        let hour: UInt64
    }

    private struct State: Sendable {
        var lines: [Line] = []
        /// The mailboxes named to the server last.
        var places: [MailboxID: Place] = [:]
        var outgoing: [(call: Call, line: Int)] = []
        var connection: RendezvousConnection?
        var isWelcome = false
        var standing = Standing.connecting
    }

    private let server: RendezvousAddress
    private let role: CallRole
    private let device: DeviceID
    private let dummies: MailboxSecret
    private let policy: NetworkPolicy
    private let capacity: Int
    private let state = Mutex(State())
    private let arrivals: BoundedQueue<Arrival>
    /// What the thread sleeps at between two tries; closed to wake it up for good.
    private let pause = BoundedQueue<Never>(capacity: 1)

    /// Begins to wait at `server`.
    /// - Parameters:
    ///   - role: which end of a call we are.
    ///   - device: our own.
    ///   - dummies: what the names that fill the list are made of: the first secret's mailboxes.
    ///   - waker: woken when there is an arrival, and when the standing changes.
    ///   - capacity: how many secrets' mailboxes one may wait at.
    init(
        _ server: RendezvousAddress, role: CallRole, device: DeviceID,
        dummiesBeside dummies: MailboxSecret, policy: NetworkPolicy, waker: Waker,
        capacity: Int = CallDesk.mostLines
    ) throws(SystemError) {
        self.server = server
        self.role = role
        self.device = device
        self.dummies = dummies
        self.policy = policy
        self.capacity = capacity
        arrivals = BoundedQueue(capacity: Self.arrivalCapacity) { waker.wake() }
        // Detached: it may be waiting for a server that does not answer, and touches nothing of ours.
        _ = try NamedThread(name: "sealift calls") { [self] in
            run { waker.wake() }
        }
    }

    // MARK: The run's side

    /// How the desk stands with its server.
    var standing: Standing { state.withLock { $0.standing } }

    /// Waits for boxes in `mailboxes` too, from now on, as line `number`; the oldest of the codes makes room.
    func open(line number: Int, _ mailboxes: MailboxSecret) {
        state.withLock { state in
            if state.lines.count == capacity { state.lines.remove(at: 1) }
            state.lines.append(
                Line(number: number, mailboxes: mailboxes, boxes: CallBoxes(mailboxes)))
            subscribe(&state)
        }
    }

    /// Puts a box with `call` before the peer of a line, now or as soon as the server is there.
    func put(_ call: Call, line: Int) {
        state.withLock { state in
            state.outgoing.removeAll { $0.call.id == call.id }
            if state.outgoing.count == Self.mostOutgoing { state.outgoing.removeFirst() }
            state.outgoing.append((call, line))
            put(call, line, state)
        }
    }

    /// Forgets a call that is over.
    func forget(_ id: CallID) {
        state.withLock { $0.outgoing.removeAll { $0.call.id == id } }
    }

    /// Takes the next arrival; nil where there is none.
    func takeArrival() -> Arrival? { arrivals.tryPop() }

    /// Leaves the server and ends the thread.
    func finish() {
        pause.close()
        arrivals.closeAndDiscard()
        state.withLock { $0.connection }?.close()
    }

    // MARK: Mailboxes

    private static var hour: UInt64 {
        UInt64(clamping: SystemWallClock.now().secondsSince1970 / 3_600)
    }

    /// The hours whose mailboxes are waited at: clocks differ, and a box may lie there for two minutes.
    private static func hours(around hour: UInt64) -> [UInt64] {
        [hour - min(hour, 1), hour, hour &+ 1]
    }

    private static func name(
        _ mailboxes: MailboxSecret, _ hour: UInt64, written by: CallRole
    ) -> MailboxID? {
        MailboxID(
            MailboxKey(mailboxes.secret(at: hour)).name(hour: hour, direction: by.direction))
    }

    private func subscribe(_ state: inout State) {
        guard state.isWelcome, let connection = state.connection else { return }
        let hour = Self.hour
        state.places = [:]
        for line in state.lines {
            for hour in Self.hours(around: hour) {
                guard let name = Self.name(line.mailboxes, hour, written: role.peer) else {
                    continue
                }
                state.places[name] = Place(line: line, hour: hour)
            }
        }
        connection.send(
            .subscribe(
                Self.list(
                    wanted: Set(state.places.keys), dummiesBeside: dummies, of: device, hour: hour))
        )
    }

    private static func list(
        wanted: Set<MailboxID>, dummiesBeside dummies: MailboxSecret, of device: DeviceID,
        hour: UInt64
    ) -> [MailboxID] {
        PaddedSubscriptions.list(
            wanted: wanted,
            key: MailboxKey(dummiesBeside: dummies.secret(at: hour), of: device), hour: hour)
    }

    /// What is named to a server: the mailboxes of three hours, and dummies beside the first secret's.
    static func names(
        of secrets: [MailboxSecret], written role: CallRole, by device: DeviceID, hour: UInt64
    ) -> [MailboxID] {
        let wanted = secrets.flatMap { secret in
            hours(around: hour).compactMap { name(secret, $0, written: role) }
        }
        return secrets.first.map {
            list(wanted: Set(wanted), dummiesBeside: $0, of: device, hour: hour)
        } ?? []
    }

    private func put(_ call: Call, _ line: Int, _ state: State) {
        guard state.isWelcome, let connection = state.connection,
            let line = state.lines.first(where: { $0.number == line })
        else { return }
        let hour = Self.hour
        var entropy = SealiftCrypto.SystemEntropy()
        guard let name = Self.name(line.mailboxes, hour, written: role) else { return }
        connection.send(
            .put(name, line.boxes.seal(call, from: role, hour: hour, entropy: &entropy)))
    }

    private func read(_ box: RendezvousBox, in mailbox: MailboxID) {
        guard let place = state.withLock({ $0.places[mailbox] }),
            let call = place.line.boxes.open(
                box, from: role.peer, hour: place.hour, policy: policy.addresses)
        else { return }
        _ = arrivals.tryPush(Arrival(call: call, line: place.line.number))
    }

    // MARK: The thread

    private func run(_ wake: () -> Void) {
        var retry = Self.firstRetry
        while !isFinished {
            let reason = visit(wake)
            let wasOpen = state.withLock { state in
                defer {
                    state.connection = nil
                    state.isWelcome = false
                    state.standing = .away(reason)
                }
                return state.standing == .open
            }
            wake()
            if wasOpen { retry = Self.firstRetry }
            guard case .timedOut = pause.pop(until: MonotonicClock.now() + retry) else { return }
            retry = min(retry * 2, Self.longestRetry)
        }
    }

    private var isFinished: Bool {
        if case .closed = pause.pop(until: .zero) { true } else { false }
    }

    /// One connection, to its end.
    /// - Returns: why it ended, as a clause.
    private func visit(_ wake: () -> Void) -> String {
        let connection: RendezvousConnection
        do throws(RendezvousConnectionError) {
            connection = try RendezvousConnection.open(server)
        } catch {
            return error.words(server)
        }
        defer { connection.close() }
        state.withLock { $0.connection = connection }
        // When to subscribe, and put what is to be put, once more: a new hour, or a server that was busy.
        var again = Instant.distantFuture
        while !isFinished {
            let look = MonotonicClock.now() + Self.lookInterval
            switch connection.receive(until: min(again, look)) {
            case .message(.welcome(let welcome)):
                guard let solution = welcome.work.solutionToEnter() else {
                    return "\(server.host) asks for more work than is sensible"
                }
                if welcome.work.entryBits > 0 { connection.send(.work(solution: solution)) }
                announce()
                wake()
                again = Self.nextHour
            case .message(.box(let mailbox, let box)):
                read(box, in: mailbox)
            case .message(.busy(_, let seconds)):
                again = min(again, MonotonicClock.now() + .seconds(Int64(max(1, seconds))))
            case .message(.stored), .message(.leaving):
                break
            case .message:
                return "\(server.host) does not keep to the protocol"
            case .timedOut where again > MonotonicClock.now():
                guard Self.isOurs(connection.localAddress) else {
                    return "this machine has left the network that \(server.host) was found from"
                }
            case .timedOut:
                announce()
                again = Self.nextHour
            case .closed:
                return "the connection to \(server.host) was lost"
            }
        }
        return "it is no longer needed"
    }

    private static func isOurs(_ address: TransportAddress?) -> Bool {
        guard let address, let own = try? NetworkInterfaces.addresses() else { return true }
        return own.contains { $0.address.bytes == address.bytes }
    }

    /// Subscribes, and puts what is to be put.
    private func announce() {
        state.withLock { state in
            state.isWelcome = true
            state.standing = .open
            subscribe(&state)
            for (call, line) in state.outgoing { put(call, line, state) }
        }
    }

    private static var nextHour: Instant {
        let seconds = SystemWallClock.now().secondsSince1970
        return MonotonicClock.now() + .seconds(3_600 - ((seconds % 3_600) + 3_600) % 3_600 + 1)
    }
}

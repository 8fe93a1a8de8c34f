internal import DequeModule
public import SealiftBase
public import SealiftCrypto

/// The whole of a rendezvous server but its sockets (`docs/PROTOCOL.md` §10): who is connected, which
/// boxes lie where, which numbers are open. In memory only.
///
/// It learns addresses, times, random ids and boxes of one size. Everything that grows has a bound in
/// ``RendezvousLimits``, checked before anything is kept.
public struct RendezvousCore: Sendable {
    /// A connected client, by a number that is never used twice.
    public struct ClientNumber: Hashable, Comparable, Sendable {
        let rawValue: UInt64

        /// Whether `left` connected earlier.
        public static func < (left: ClientNumber, right: ClientNumber) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// What the edge does next, in order.
    public enum Action: Equatable, Sendable {
        /// Send a message, encoded.
        case send(ClientNumber, [UInt8])
        /// Hang up. ``disconnect(_:now:)`` need not follow.
        case hangUp(ClientNumber)
    }

    private struct Client: Sendable {
        let source: SourceKey
        let work: ProofOfWork
        /// Whether nothing but work is heard from it.
        var isAtDoor: Bool
        /// When it is dropped for silence; nil once it said something sensible.
        var deadline: Instant?
        var subscriptions: [MailboxID] = []
        var numbers: Set<UInt32> = []
    }

    private let limits: RendezvousLimits
    private let serverID: [UInt8]
    private var entropy: any EntropySource
    private var clients: [ClientNumber: Client] = [:]
    private var nextClient: UInt64 = 0
    /// Who must speak until when, in order: all have equally long.
    private var introductions: Deque<(due: Instant, client: ClientNumber)> = []
    private var ledger: AddressLedger
    private var mailboxes: Mailboxes
    private var numbers: CodeNumbers
    private var isDraining = false
    private var nextSweep = Instant.zero
    private var actions: Deque<Action> = []
    private var tally = RendezvousCounters()
    /// Whom something was refused to; nil unless that is to be known.
    private var refusals: RefusalSources?

    /// Makes a server with nobody connected.
    /// - Parameter notesSources: whether ``takeRefusedSources()`` is to know addresses.
    public init(
        limits: RendezvousLimits = RendezvousLimits(), notesSources: Bool = false,
        entropy: some EntropySource
    ) {
        self.limits = limits
        refusals = notesSources ? RefusalSources() : nil
        var entropy = entropy
        serverID = entropy.bytes(16)
        self.entropy = entropy
        ledger = AddressLedger(limits: limits)
        mailboxes = Mailboxes(limits: limits)
        numbers = CodeNumbers(limits: limits)
    }

    // MARK: Getters

    /// What was counted, and what is held now.
    public var counters: RendezvousCounters {
        var counters = tally
        counters.clients = clients.count
        counters.boxes = mailboxes.boxCount
        counters.numbers = numbers.count
        counters.addresses = ledger.count
        return counters
    }

    /// When ``handleTimeout(now:)`` wants to be called; nil for never.
    public var nextTimeout: Instant? {
        [introductions.first?.due, mailboxes.nextTimeout, numbers.nextTimeout].compactMap { $0 }
            .min()
    }

    /// Takes the next action; nil where there is none.
    public mutating func pollAction() -> Action? { actions.popFirst() }

    /// Takes whom something was refused to since the last time; nil where that is not to be known.
    public mutating func takeRefusedSources() -> [RefusedSource]? { refusals?.take() }

    /// Whether more than half of something is used: new clients work for their place.
    private var isLoaded: Bool {
        clients.count * 2 > limits.clients || mailboxes.boxCount * 2 > limits.boxes
            || numbers.count * 2 > limits.numbers
    }

    // MARK: Clients

    /// Lets a client in; nil where it has to go away.
    public mutating func connect(from address: TransportAddress, now: Instant) -> ClientNumber? {
        let source = SourceKey(address)
        guard !isDraining, clients.count < limits.clients, ledger.admit(source, now: now) else {
            tally.turnedAway += 1
            refusals?.note(source.address)
            return nil
        }
        let work = ProofOfWork(
            challenge: entropy.bytes(ProofOfWork.challengeByteCount),
            entryBits: isLoaded ? limits.loadedBits : 0,
            claimBits: isLoaded ? max(limits.loadedBits, limits.claimBits) : limits.claimBits)
        let number = ClientNumber(rawValue: nextClient)
        nextClient += 1
        let deadline = now + limits.introduction
        clients[number] = Client(
            source: source, work: work, isAtDoor: work.entryBits > 0, deadline: deadline)
        introductions.append((deadline, number))
        tally.connected += 1
        send(.welcome(Welcome(serverID: serverID, work: work)), to: number)
        return number
    }

    /// Forgets a client whose connection is gone.
    public mutating func disconnect(_ number: ClientNumber, now: Instant) {
        guard let client = clients.removeValue(forKey: number) else { return }
        ledger.release(client.source)
        for mailbox in client.subscriptions { mailboxes.unsubscribe(number, from: mailbox) }
        for code in client.numbers { end(code, by: number, .left) }
    }

    /// Tells everybody to go, and lets nobody in any more.
    public mutating func drain() {
        isDraining = true
        for number in clients.keys.sorted() { send(.leaving, to: number) }
    }

    /// How often addresses that nobody uses any more are forgotten.
    private static let sweepInterval = Duration.seconds(10)

    /// Drops what has had its time.
    public mutating func handleTimeout(now: Instant) {
        if now >= nextSweep {
            nextSweep = now + Self.sweepInterval
            ledger.forgetIdle(now: now)
        }
        while let (due, number) = introductions.first, due <= now {
            introductions.removeFirst()
            if clients[number]?.deadline != nil { drop(number, now: now) }
        }
        tally.expired += mailboxes.expire(now: now)
        for (code, ends) in numbers.expire(now: now) {
            for end in ends {
                clients[end]?.numbers.remove(code)
                send(.closed(number: code, .expired), to: end)
            }
        }
    }

    private mutating func drop(_ number: ClientNumber, now: Instant) {
        tally.violations += 1
        if let source = clients[number]?.source { refusals?.note(source.address) }
        disconnect(number, now: now)
        actions.append(.hangUp(number))
    }

    private mutating func send(_ message: ServerMessage, to number: ClientNumber) {
        actions.append(.send(number, message.encoded))
    }

    // MARK: Messages

    /// Takes a whole message of a client.
    public mutating func receive(
        _ bytes: UnsafeRawBufferPointer, from number: ClientNumber, now: Instant
    ) {
        guard let client = clients[number] else { return }
        guard let message = ClientMessage(bytes) else { return drop(number, now: now) }
        if client.isAtDoor {
            guard case .work(let solution) = message, client.work.isEntry(solution) else {
                return drop(number, now: now)
            }
            clients[number]?.isAtDoor = false
            return
        }
        clients[number]?.deadline = nil
        switch message {
        case .work:
            drop(number, now: now)
        case .subscribe(let ids):
            guard take(.putting, for: number, client, type: 0x02, now: now) else { return }
            subscribe(number, to: ids)
        case .put(let id, let box):
            guard take(.putting, for: number, client, type: 0x03, now: now) else { return }
            put(box, into: id, by: number, now: now)
        case .open(let code, let box):
            open(code, box, by: number, client, now: now)
        case .claim(let code, let solution):
            claim(code, solution, by: number, client, now: now)
        case .pass(let code, let box):
            pass(box, of: code, by: number)
        case .close(let code, let ending):
            if ending == .wrongWords, client.numbers.contains(code) { tally.wrongWords += 1 }
            end(code, by: number, ending)
        }
    }

    private mutating func take(
        _ use: AddressLedger.Use, for number: ClientNumber, _ client: Client, type: UInt8,
        now: Instant
    ) -> Bool {
        if ledger.take(use, client.source, now: now) { return true }
        sayBusy(to: number, type: type, seconds: use == .coding ? 6 : 1)
        return false
    }

    private mutating func sayBusy(to number: ClientNumber, type: UInt8, seconds: UInt16) {
        tally.busy += 1
        if let source = clients[number]?.source { refusals?.note(source.address) }
        send(.busy(type: type, seconds: seconds), to: number)
    }

    private mutating func subscribe(_ number: ClientNumber, to ids: [MailboxID]) {
        let wanted = Set(ids)
        let before = Set(clients[number]?.subscriptions ?? [])
        for id in before.subtracting(wanted) { mailboxes.unsubscribe(number, from: id) }
        var kept: [MailboxID] = []
        var isRefused = false
        for id in wanted.sorted() {
            guard let boxes = mailboxes.subscribe(number, to: id) else {
                isRefused = true
                continue
            }
            kept.append(id)
            guard !before.contains(id) else { continue }
            for box in boxes {
                tally.delivered += 1
                send(.box(id, box), to: number)
            }
        }
        clients[number]?.subscriptions = kept
        if isRefused { sayBusy(to: number, type: 0x02, seconds: 10) }
    }

    private mutating func put(
        _ box: RendezvousBox, into id: MailboxID, by number: ClientNumber, now: Instant
    ) {
        guard let waiting = mailboxes.put(box, into: id, by: number, now: now) else {
            return sayBusy(to: number, type: 0x03, seconds: 10)
        }
        tally.stored += 1
        send(.stored(id), to: number)
        let message = ServerMessage.box(id, box).encoded
        for receiver in waiting {
            tally.delivered += 1
            actions.append(.send(receiver, message))
        }
    }

    // MARK: Codes

    private mutating func open(
        _ code: UInt32, _ box: RendezvousBox, by number: ClientNumber, _ client: Client,
        now: Instant
    ) {
        guard PairingCode.numbers.contains(code) else { return drop(number, now: now) }
        guard take(.coding, for: number, client, type: 0x04, now: now) else { return }
        guard numbers.count < limits.numbers, client.numbers.count < limits.numbersPerClient else {
            return sayBusy(to: number, type: 0x04, seconds: 60)
        }
        guard numbers.open(code, by: number, box: box, now: now) else {
            return send(.taken(number: code), to: number)
        }
        tally.opened += 1
        clients[number]?.numbers.insert(code)
        send(.opened(number: code), to: number)
    }

    private mutating func claim(
        _ code: UInt32, _ solution: UInt64, by number: ClientNumber, _ client: Client, now: Instant
    ) {
        guard client.work.isClaim(solution, number: code) else { return drop(number, now: now) }
        guard take(.coding, for: number, client, type: 0x05, now: now) else { return }
        guard let box = numbers.claim(code, by: number, now: now) else {
            tally.missed += 1
            return send(.unknown(number: code), to: number)
        }
        tally.claimed += 1
        clients[number]?.numbers.insert(code)
        send(.claimed(number: code, box), to: number)
    }

    private mutating func pass(
        _ box: RendezvousBox, of code: UInt32, by number: ClientNumber
    ) {
        guard let other = numbers.pass(code, by: number) else {
            return send(.closed(number: code, .left), to: number)
        }
        send(.passed(number: code, box), to: other)
    }

    private mutating func end(
        _ code: UInt32, by number: ClientNumber, _ ending: CodeEnding
    ) {
        clients[number]?.numbers.remove(code)
        guard let other = numbers.close(code, by: number).other else { return }
        clients[other]?.numbers.remove(code)
        send(.closed(number: code, ending), to: other)
    }
}

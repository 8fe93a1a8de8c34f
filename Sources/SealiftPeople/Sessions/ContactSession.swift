public import SealiftBase
public import SealiftCrypto

/// Why a session between two contacts leads to nothing.
public enum ContactFailure: Error, Equatable, Sendable {
    /// The other end broke the protocol.
    case violation
    /// Their chain is refused, or they are not who they were: a hard stop.
    case contact(ContactError)
    /// They have seen more of our own devices than this machine has, and do not prove it: the entries did not
    /// come, as after a recovery, or do not hold.
    case ownChainBehind
    /// They have seen other devices of ours than this machine has, at the same place.
    case ownChainForked
    /// The device at the other end does not speak for them any more, or they have to be paired again.
    case notAdmitted(Contact.SilenceReason)
}

/// One end of a session between devices of two contacts, as a value (`docs/PROTOCOL.md` §11.11): shows the
/// heads of both chains, gives and takes what the other has not seen, and only then lets a request through.
///
/// Owns no store: what it learns of the contact goes to the driver, which has it on the disk before it takes
/// the next action.
public struct ContactSession: Sendable {
    /// What to do next, in order.
    public enum Action: Sendable {
        /// Write these bytes to the control stream.
        case send([UInt8])
        /// What the contact showed of their devices is right: store it. The chain is whole.
        case learned(Contact, DeviceChain, ChainView.Change)
        /// They had entries of our own chain behind this head that this device had not, and they hold: store
        /// the chain, which is whole; go on only where this device speaks for the identity by it; tell the user.
        case caughtUp(DeviceChain, from: ChainHead)
        /// Both ends know each other's devices; the other's clock says this.
        case greeted(WallTime)
        /// They have another device, whose first session with this one this key opens: store it.
        case introduced(DeviceIntroduction)
        /// The end that dialled wants the key born in this session: store it, then call
        /// ``ContactSession/didRenew()``.
        case renew
        /// The other end has the key born in this session: store it.
        case renewed
        /// The end that dialled asks; see ``ContactSession/answer(_:)``.
        case request(ContactRequest)
        /// The other end answered.
        case answer(ContactAnswer)
        /// Close the session.
        case failed(ContactFailure)
    }

    /// How far the other end's chain is known.
    private enum Phase {
        case expectingGreeting
        case expectingNews
        case readingNews(length: Int)
        case expectingReturn
        case readingReturn(length: Int)
        case greeted
        case over
    }

    private let side: HandshakeSide
    private var own: DeviceChain
    /// The newer head of our own chain that the other end knows; nil where it knows none, or gave what leads
    /// there.
    private var awaitedOwn: ChainHead?
    private let peer: DeviceID
    /// The contact, as far as is known by now.
    public private(set) var contact: Contact
    private let contactChain: DeviceChain
    private var introducing: [DeviceIntroduction]
    /// How many devices the other end may still introduce.
    private var introductionsLeft = DeviceChain.maximumDeviceCount
    /// Whether another key may take the place of the one that opened the session: a third device told both of
    /// it, or it is to go for another reason.
    private let mayReplaceKey: Bool
    /// What the handshake named of the other end's chain; nil for nothing.
    private let handshakeHead: Hash256?
    /// Whether the other end was asked to put the key born here in its place, and has not said that it did.
    public private(set) var isRenewing = false
    private var hasRenewed = false
    /// How far the other end knows this user's devices, as its greeting said; nil before that.
    public private(set) var seen: ChainPosition?
    private var phase = Phase.expectingGreeting
    private var peerTime = WallTime(secondsSince1970: 0)
    private var unread: [UInt8] = []
    private var news: [UInt8] = []
    /// A request that came before its sender's chain was known.
    private var early: ContactRequest?
    /// Requests and their answers take turns.
    private var isAsking = false
    private var actions: [Action] = []

    /// Begins to speak.
    /// - Parameters:
    ///   - side: which end this is.
    ///   - peer: the device at the other end, as the handshake proved it.
    ///   - own: this user's own chain, whole.
    ///   - contact: who the other end is, by the key that opened the session.
    ///   - chain: what is known of the contact's chain, whole.
    ///   - time: this machine's clock.
    ///   - introducing: other devices of this user, which its chain has.
    ///   - mayReplaceKey: whether another key may take the place of the one that opened the session, which was
    ///     told by a third device or is to go for another reason: the end that dials asks for that, and the end
    ///     that waits lets it, once.
    ///   - handshakeHead: the hash of the head of its own chain that the other end named in the handshake;
    ///     nil where it named none.
    public init(
        _ side: HandshakeSide, peer: DeviceID, showing own: DeviceChain, contact: Contact,
        chain: DeviceChain, time: WallTime, introducing: [DeviceIntroduction] = [],
        mayReplaceKey: Bool = false, handshakeHead: Hash256? = nil
    ) {
        self.handshakeHead = handshakeHead
        self.introducing = introducing
        self.mayReplaceKey = mayReplaceKey
        self.side = side
        self.peer = peer
        self.own = own
        self.contact = contact
        contactChain = chain
        if case .silence(let reason) = contact.admission(of: peer) {
            fail(.notAdmitted(reason))
        } else {
            send(.greeting(own: ownHead, known: contact.devices.head, time: time))
        }
    }

    // A chain has at least one entry.
    private var ownHead: ChainHead { own.entries[own.entries.count - 1].head }

    /// Whether both ends know each other's devices.
    public var isGreeted: Bool { if case .greeted = phase { true } else { false } }

    /// Whether it ended in a failure.
    public var isOver: Bool { if case .over = phase { true } else { false } }

    /// Whether the other end knows more of our own devices, and has not given it: where the session ends so, it
    /// ended because of that. An end that is older than *returned* closes here.
    public var isBehind: Bool { awaitedOwn != nil && !isOver }

    /// Takes the next action; nil where there is none.
    public mutating func pollAction() -> Action? { actions.isEmpty ? nil : actions.removeFirst() }

    // MARK: Inputs

    /// Takes bytes of the control stream.
    public mutating func receive(_ bytes: [UInt8]) {
        guard !isOver else { return }
        unread += bytes
        do throws(ContactFailure) {
            while !isOver, let message = try ContactMessage.cut(from: &unread) {
                try receive(message)
            }
        } catch {
            fail(error)
        }
    }

    /// Asks the other end; the answer is an action. Only where this end dialled, and nothing is being asked.
    public mutating func ask(_ request: ContactRequest) {
        guard side == .initiator, !isAsking, !isOver else { return }
        isAsking = true
        send(.request(request))
    }

    /// Answers the request that was the last action of its kind; the last answer ends the turn.
    public mutating func answer(_ answer: ContactAnswer) {
        guard side == .responder, isAsking, !isOver else { return }
        if answer.isLast { isAsking = false }
        send(.answer(answer))
    }

    /// The key born in this session is on the disk.
    public mutating func didRenew() {
        guard side == .responder, hasRenewed, !isOver else { return }
        send(.renewed)
    }

    // MARK: Rules

    private mutating func receive(_ message: ContactMessage) throws(ContactFailure) {
        switch (message, phase) {
        case (.greeting(let theirs, let known, let time), .expectingGreeting):
            try take(theirs, known: known, time: time)
        case (.news(let length), .expectingNews):
            phase = .readingNews(length: length)
        case (.chain(let part), .readingNews(let length)):
            guard part.count <= length - news.count else { throw .violation }
            news += part
            guard news.count == length else { return }
            try takeNews()
        case (.returned(let length), .expectingReturn):
            phase = .readingReturn(length: length)
        case (.chain(let part), .readingReturn(let length)):
            guard part.count <= length - news.count else { throw .violation }
            news += part
            guard news.count == length else { return }
            try takeReturn()
        case (.request(let request), .greeted) where side == .responder && !isAsking:
            isAsking = true
            actions.append(.request(request))
        case (.request(let request), .expectingNews) where side == .responder && early == nil,
            (.request(let request), .readingNews) where side == .responder && early == nil,
            (.request(let request), .expectingReturn) where side == .responder && early == nil,
            (.request(let request), .readingReturn) where side == .responder && early == nil:
            early = request
        case (.answer(let answer), .greeted) where side == .initiator && isAsking:
            if answer.isLast { isAsking = false }
            actions.append(.answer(answer))
        case (.introduction(let introduction), .greeted):
            try take(introduction)
        case (.renew, .greeted) where side == .responder && mayReplaceKey && !hasRenewed:
            hasRenewed = true
            actions.append(.renew)
        case (.renewed, .greeted) where isRenewing:
            isRenewing = false
            actions.append(.renewed)
        default:
            throw .violation
        }
    }

    private mutating func take(_ introduction: DeviceIntroduction) throws(ContactFailure) {
        guard introductionsLeft > 0, introduction.device != peer,
            contact.devices.isActive(introduction.device)
        else { throw .violation }
        introductionsLeft -= 1
        actions.append(.introduced(introduction))
    }

    private mutating func take(
        _ theirs: ChainHead, known: ChainHead, time: WallTime
    ) throws(ContactFailure) {
        guard handshakeHead.map({ $0 == theirs.handshakeHash }) ?? true else { throw .violation }
        peerTime = time
        try give(to: known)
        seen = known.position
        switch theirs.compared(to: contact.devices.head) {
        case .same: settleOwn()
        case .newer: phase = .expectingNews
        case .older:
            try giveBack(from: theirs)
            settleOwn()
        case .forked: throw .contact(.chain(.fork(at: theirs.position)))
        case .unrelated:
            throw .contact(
                .identityChanged(pinned: contact.identity, offered: theirs.identity))
        }
    }

    /// Gives what the other end has not seen of this user's devices.
    private mutating func give(to known: ChainHead) throws(ContactFailure) {
        switch ownHead.compared(to: known) {
        case .same: break
        case .newer:
            guard let run = own.newer(than: known) else { throw .violation }
            send(run) { .news(length: $0) }
        case .older:
            // A recovery is the user's own deed: a device that it ended learns of it from nobody else.
            guard known.position.generation == ownHead.position.generation else {
                throw .ownChainBehind
            }
            awaitedOwn = known
        case .forked: throw .ownChainForked
        case .unrelated: throw .violation
        }
    }

    private mutating func send(_ run: DeviceChain, behind first: (Int) -> ContactMessage) {
        let bytes = run.encoded
        send(first(bytes.count))
        for start in stride(from: 0, to: bytes.count, by: ContactMessage.maximumPartLength) {
            let end = min(start + ContactMessage.maximumPartLength, bytes.count)
            send(.chain(Array(bytes[start..<end])))
        }
    }

    /// The other end's device shows an older head of its own chain than the one that is pinned here. The pinned
    /// one stays: by it the device was admitted, and by it is judged whatever it asks. It is given what it
    /// lacks, if its head is a place of this very chain.
    private mutating func giveBack(from theirs: ChainHead) throws(ContactFailure) {
        let pinned = contact.devices.head
        guard theirs.position.generation == pinned.position.generation,
            let run = contactChain.newer(than: theirs)
        else {
            throw .contact(.chain(.rollback(seen: pinned.position, offered: theirs.position)))
        }
        guard contactChain.entries.contains(where: { $0.head == theirs }) else {
            throw .contact(.chain(.fork(at: theirs.position)))
        }
        send(run) { .returned(length: $0) }
    }

    /// The other end's chain is known here. Goes on, or waits for what it knows of ours.
    private mutating func settleOwn() {
        if awaitedOwn == nil { greet() } else { phase = .expectingReturn }
    }

    /// Takes entries of our own chain, from somebody who could not have made them: each is signed by our root
    /// and follows from the one before it, from the head that is here up to the one that was greeted with.
    private mutating func takeReturn() throws(ContactFailure) {
        let bytes = news
        news = []
        guard let run = bytes.withUnsafeBytes({ DeviceChain(decoding: $0) }) else {
            throw .violation
        }
        let former = ownHead
        var view: ChainView
        do throws(ChainError) {
            view = try ChainView(verifying: own, of: former.identity)
            _ = try view.take(run)
        } catch {
            switch error {
            case .fork, .brokenLink: throw .ownChainForked
            default: throw .ownChainBehind
            }
        }
        let gained = run.entries.filter { $0.position > former.position }
        guard view.head == awaitedOwn, let whole = DeviceChain(own.entries + gained) else {
            throw .ownChainBehind
        }
        own = whole
        awaitedOwn = nil
        introducing.removeAll { !view.isActive($0.device) }
        actions.append(.caughtUp(whole, from: former))
        greet()
    }

    private mutating func takeNews() throws(ContactFailure) {
        let bytes = news
        news = []
        guard let run = bytes.withUnsafeBytes({ DeviceChain(decoding: $0) }) else {
            throw .violation
        }
        let former = contact.devices.head.position
        let change: ChainView.Change
        do throws(ContactError) { change = try contact.take(run) } catch { throw .contact(error) }
        if change != .unchanged {
            guard let whole = merged(with: run, from: former) else { throw .violation }
            actions.append(.learned(contact, whole, change))
        }
        if case .silence(let reason) = contact.admission(of: peer) { throw .notAdmitted(reason) }
        settleOwn()
    }

    /// The contact's chain with the entries of `run` behind `former`, the head that was pinned until now. All of
    /// a higher generation was verified; of the pinned one only what lies behind the head was. An entry that was
    /// known was compared by its hash, which its signature is no part of: a run with another signature there
    /// would make a chain that nobody can verify, so the entry that is here stays.
    private func merged(with run: DeviceChain, from former: ChainPosition) -> DeviceChain? {
        guard contact.devices.head.position.generation == former.generation else { return run }
        return DeviceChain(contactChain.entries + run.entries.filter { $0.position > former })
    }

    private mutating func greet() {
        phase = .greeted
        actions.append(.greeted(peerTime))
        for introduction in introducing.prefix(DeviceChain.maximumDeviceCount) {
            send(.introduction(introduction))
        }
        if mayReplaceKey, side == .initiator {
            isRenewing = true
            send(.renew)
        }
        guard let request = early else { return }
        early = nil
        isAsking = true
        actions.append(.request(request))
    }

    private mutating func fail(_ failure: ContactFailure) {
        unread = []
        news = []
        early = nil
        phase = .over
        actions.append(.failed(failure))
    }

    private mutating func send(_ message: ContactMessage) { actions.append(.send(message.encoded)) }
}

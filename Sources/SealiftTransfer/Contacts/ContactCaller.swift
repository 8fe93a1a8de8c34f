public import SealiftBase
public import SealiftCrypto
public import SealiftPeople
public import SealiftTransport

/// The dialling end of a session with a contact's device, as one value: connects, greets, asks, hands on the
/// answers; one question after the other.
///
/// Owns no socket, no store and no clock (`docs/PROTOCOL.md` §11.11).
public struct ContactCaller {
    /// What the driver does next, in order.
    public enum Event {
        /// The session stands.
        case connected(PathID)
        /// Something new about the contact's devices is proven: store it before the next event is taken.
        case learned(Contact, DeviceChain, ChainView.Change)
        /// Entries of this user's own chain behind that head came, and hold: store the chain before the next
        /// event is taken, and close the session where this device does not speak for the identity by it.
        case caughtUp(DeviceChain, from: ChainHead)
        /// Both ends know each other's devices; the other's clock says this.
        case greeted(WallTime)
        /// They have another device, whose first session with this one this key opens: store it.
        case introduced(DeviceIntroduction)
        /// The other end has the key that was born in the session in the place of the one that opened it: store
        /// it.
        case renewed(PairKey)
        /// The next of the answer; after the last of it call ``ask(_:)`` or ``finish()``.
        case answer(ContactAnswer)
        /// The session leads to nothing and is being closed.
        case failed(ContactFailure)
        /// Nothing more will come.
        case ended(SessionEnding)
    }

    /// What this end knows and wants.
    public struct Question: Sendable {
        /// This user's own chain, whole; this device speaks for it.
        public var own: DeviceChain
        /// Whom to ask.
        public var contact: Contact
        /// The contact's chain as stored, whole.
        public var chain: DeviceChain
        /// What to ask.
        public var request: ContactRequest
        /// This machine's clock.
        public var time: WallTime
        /// Other devices of this user, which its chain has.
        public var introducing: [DeviceIntroduction] = []
        /// Whether the key that opens the session was told by a third device (``ContactPair/isTold``).
        public var isKeyTold = false
        /// Whether a key with mailboxes of days is to replace it, where the other end can have one
        /// (``ContactPair/isToBeReplaced(by:at:)``).
        public var isKeyToBeReplaced = false

        /// Makes a question.
        public init(
            own: DeviceChain, contact: Contact, chain: DeviceChain, request: ContactRequest,
            time: WallTime
        ) {
            self.own = own
            self.contact = contact
            self.chain = chain
            self.request = request
            self.time = time
        }
    }

    private struct Link {
        var connection: Connection
        var session: ContactSession
        /// Nothing more is asked: closes once the other end has all that was said.
        var isFinished = false
        var ending: SessionEnding?
        /// The key that this session bears for the pair.
        let born: PairKey?
    }

    private let question: Question
    private let configuration: ConnectionConfiguration
    private var dialer: SessionDialer
    private var link: Link?
    private var isOver = false
    private var events: [Event] = []

    /// Begins to dial on every path at once.
    /// - Parameters:
    ///   - groups: multicast groups to dial too.
    ///   - beginHandshake: makes a new handshake each time it is called.
    /// - Throws: what `beginHandshake` throws.
    public init(
        _ question: Question, paths: [PathID], groups: [PathID] = [],
        configuration: ConnectionConfiguration, contactTimeout: Duration, now: Instant,
        beginHandshake: @escaping @Sendable () throws(HandshakeError) -> HandshakeInitiator
    ) throws(HandshakeError) {
        self.question = question
        self.configuration = configuration
        dialer = try SessionDialer(
            paths: paths, groups: groups, contactTimeout: contactTimeout, now: now,
            begin: beginHandshake)
    }

    /// When ``handleTimeout(now:)`` wants to be called; nil for never.
    public var nextTimeout: Instant? {
        var earliest: Instant?
        for timeout in [dialer.nextTimeout, link?.connection.nextTimeout] {
            if let timeout { earliest = min(earliest ?? timeout, timeout) }
        }
        return earliest
    }

    /// Takes the next event; nil where there is none.
    public mutating func pollEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }

    // MARK: Inputs

    /// Takes a datagram that came on `path`.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, on path: PathID, ecn: ECN, now: Instant
    ) {
        guard !isOver else { return }
        if link?.connection.receive(datagram, on: path, ecn: ecn, now: now) != nil { return }
        switch dialer.receive(datagram, on: path, now: now) {
        case .nothing: break
        case .established(let session):
            let isReplaced =
                question.isKeyToBeReplaced && session.features.contains(.dailyMailboxes)
            var speaking = ContactSession(
                .initiator, peer: session.peer.id, showing: question.own,
                contact: question.contact, chain: question.chain, time: question.time,
                introducing: question.introducing,
                mayReplaceKey: question.isKeyTold || isReplaced,
                handshakeHead: session.peerChainHead)
            speaking.ask(question.request)
            link = Link(
                connection: Connection(
                    session: session, configuration: configuration, on: path, now: now),
                session: speaking,
                born: PairKey.derive(
                    from: session.secrets, session.features,
                    between: question.own.entries[0].identity,
                    and: question.contact.identity))
        case .failed(let error): end(.handshakeFailed(error))
        }
    }

    /// Another way to the other end became known.
    public mutating func addPath(_ path: PathID, now: Instant) {
        guard !dialer.paths.contains(path), dialer.paths.count < ReceiverEndpoint.maximumPathCount
        else { return }
        dialer.addPath(path, now: now)
    }

    /// Does what is due.
    public mutating func handleTimeout(now: Instant) {
        switch dialer.handleTimeout(now: now) {
        case .nothing: break
        case .began: link = nil
        case .noAnswer: end(.noAnswer)
        case .failed(let error): end(.handshakeFailed(error))
        }
        link?.connection.handleTimeout(now: now)
    }

    /// A batch, or the rest of one, did not leave.
    public mutating func sendFailed(_ batch: PacketBatch, _ failure: SendFailure, now: Instant) {
        guard link?.connection.remote == batch.path else { return }
        switch failure {
        case .tooLarge: link?.connection.datagramRefused(size: batch.datagramSize, now: now)
        case .localAddressChanged: link?.connection.localAddressChanged(now: now)
        case .unreachable, .other: break
        }
    }

    /// How far the other end knows this user's devices, as it said; nil before it did.
    public var seen: ChainPosition? { link?.session.seen }

    /// Asks further, once the answer before is whole.
    public mutating func ask(_ request: ContactRequest) { link?.session.ask(request) }

    /// Asks nothing more.
    public mutating func finish() { link?.isFinished = true }

    /// Gives up: the user stopped it, or it could not be stored.
    public mutating func close(code: CloseCode, reason: String, now: Instant) {
        if link == nil { return end(.closed(code, reason: reason)) }
        link?.connection.close(code: code, reason: reason, now: now)
    }

    private mutating func end(_ ending: SessionEnding) {
        guard !isOver else { return }
        isOver = true
        dialer.stop()
        link = nil
        events.append(.ended(ending))
    }

    // MARK: Work between inputs and outputs

    /// Moves what the machines found between them: to be called after inputs, and before ``pollEvent()``
    /// and ``pollTransmit(into:now:)``.
    public mutating func process(now: Instant) {
        while let event = link?.connection.pollEvent() {
            switch event {
            case .established:
                dialer.confirm()
                if let link { events.append(.connected(link.connection.remote)) }
            case .controlReadable:
                var bytes: [UInt8] = []
                link?.connection.readControl(into: &bytes)
                link?.session.receive(bytes)
            case .objectReceived, .objectDelivered, .pathMeasured:
                break
            case .closed(let reason):
                link?.ending = SessionEnding(reason)
            }
        }
        while let action = link?.session.pollAction() { perform(action, now: now) }
        if let link, link.isFinished, !link.session.isRenewing,
            link.connection.isControlDelivered
        {
            self.link?.connection.close(code: .done, reason: "", now: now)
        }
        if link?.connection.state == .closed {
            if link?.session.isBehind == true { events.append(.failed(.ownChainBehind)) }
            end(link?.ending ?? .lost)
        }
    }

    private mutating func perform(_ action: ContactSession.Action, now: Instant) {
        switch action {
        case .send(let bytes): link?.connection.writeControl(bytes)
        case .learned(let contact, let chain, let change):
            events.append(.learned(contact, chain, change))
        case .caughtUp(let chain, let former): events.append(.caughtUp(chain, from: former))
        case .greeted(let time): events.append(.greeted(time))
        case .introduced(let introduction): events.append(.introduced(introduction))
        case .renewed:
            if let born = link?.born { events.append(.renewed(born)) }
        case .request, .renew: break
        case .answer(let answer): events.append(.answer(answer))
        case .failed(let failure):
            events.append(.failed(failure))
            link?.connection.close(
                code: failure == .violation ? .violation : .interrupted, reason: "", now: now)
        }
    }

    // MARK: Output

    /// Writes the datagrams to send next into `buffer`; nil where there is nothing to send now.
    public mutating func pollTransmit(
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> PacketBatch? {
        if let (path, datagram) = dialer.pollTransmit() {
            return PacketBatch(writing: datagram, on: path, into: buffer)
        }
        guard let sent = link?.connection.pollTransmit(into: buffer, now: now) else { return nil }
        return PacketBatch(sent)
    }
}

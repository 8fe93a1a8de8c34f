internal import DequeModule
public import SealiftBase
public import SealiftCrypto
public import SealiftPeople
public import SealiftTransport

/// The sending end as one value: answers handshakes, and serves the sessions that come of them.
///
/// Joins the ``HandshakeResponder``, one ``Connection`` and one ``SenderSession`` for each peer; owns
/// no socket, no file and no clock. Who may have what is the driver's decision, asked for by
/// ``Action/admit(_:DevicePublicKeys,PathID)`` and ``Action/decideClaim(_:)``.
public struct SenderEndpoint {
    /// A session's number, never used twice.
    public struct SessionID: Hashable, Comparable, Sendable {
        let rawValue: UInt64

        /// Whether `left` began earlier.
        public static func < (left: SessionID, right: SessionID) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// What the driver does next, in order.
    public enum Action {
        /// A peer with the secret stands at the door: call ``offer(_:to:)`` or ``refuse(_:_:)``.
        case admit(SessionID, DevicePublicKeys, PathID)
        /// A session's packets go on another path from now on.
        case moved(SessionID, PathID)
        /// Decide about a claim and put the decision on disk, then call ``claimDecided(_:_:)``.
        case decideClaim(SessionID, DevicePublicKeys)
        /// Put work before the session's worker.
        case work(SessionID, SenderCommand)
        /// Tell the user.
        case report(SessionID, SenderSession.Report)
        /// The session can carry nothing more; only its farewell is still sent.
        case closing(SessionID)
        /// The session is gone.
        case ended(SessionID, SessionEnding)
    }

    /// The most sessions at once: receivers of a ticket for many, others that are told no, one that
    /// comes back while its predecessor has not timed out. What comes beyond them is not answered.
    public static let maximumSessions = 8

    private struct Link {
        let id: SessionID
        var connection: Connection
        var session: SenderSession?
        var framer = ControlMessageFramer()
        let peer: DevicePublicKeys
        /// Where packets went when it was told last.
        var toldPath: PathID
        /// What both ends can.
        let features: SessionFeatures
        /// Names the secret that let the peer in.
        let secretTag: HandshakeTag
        /// The connection ids that lead here.
        var listed: [ConnectionID] = []
        /// Why the connection closes, once it does.
        var ending: SessionEnding?
        /// The close that waits until the receiver has every message, and when it waits no longer.
        var pendingClose: (code: CloseCode, reason: String, deadline: Instant)?

        // Asked for in every turn of a loop, and mutating so that they are answered in place: what only
        // reads an element of an array may be given a copy of all that it holds.

        mutating func nextTimeout() -> Instant? {
            guard let deadline = pendingClose?.deadline else { return connection.nextTimeout }
            return min(deadline, connection.nextTimeout ?? deadline)
        }

        mutating func bytesQueued() -> Int { connection.bytesQueuedToSend }

        mutating func objectsQueued() -> Int { connection.objectsQueuedToSend }
    }

    /// How long a close waits for a receiver that acknowledges nothing.
    private static let longestCloseDelay = Duration.seconds(5)

    private var responder: HandshakeResponder
    private let configuration: ConnectionConfiguration
    /// The sessions by age. Reached by their places alone, and never walked by element or through a
    /// second reference: a copy of a link makes the next change copy everything that waits in it.
    private var links: [Link] = []
    private var sessionsByConnectionID: [ConnectionID: SessionID] = [:]
    private var nextSession: UInt64 = 0
    private var flights: Deque<(PathID, [UInt8])> = []
    private var actions: Deque<Action> = []
    /// Where the next poll for packets begins, so that sessions take turns.
    private var turn: UInt64 = 0

    /// The most handshake replies that wait to be sent.
    private static let maximumFlights = 64

    /// Makes an endpoint that answers whom `responder` knows.
    public init(responder: HandshakeResponder, configuration: ConnectionConfiguration) {
        self.responder = responder
        self.configuration = configuration
    }

    // MARK: Getters

    /// The sessions there are.
    public var sessions: [SessionID] { links.map(\.id) }

    /// Where a session's link is; nil where it is gone.
    private func place(of id: SessionID) -> Int? {
        for place in links.indices where links[place].id == id { return place }
        return nil
    }

    /// What the transport of a session measures.
    public func statistics(of id: SessionID) -> ConnectionStatistics? {
        place(of: id).map { links[$0].connection.statistics }
    }

    /// The tag of the secret that let a session's peer in: the ticket's, or a code's.
    public func secretTag(of id: SessionID) -> HandshakeTag? {
        place(of: id).map { links[$0].secretTag }
    }

    /// Content bytes of a session handed to its transport, less those still waiting there.
    public func contentBytesSent(of id: SessionID) -> UInt64? {
        guard let place = place(of: id), let sent = links[place].session?.contentBytesSent
        else { return nil }
        return sent - min(sent, UInt64(links[place].connection.bytesQueuedToSend))
    }

    /// Object bytes of a session that wait in the transport: the reader stays ahead by this.
    public mutating func bytesQueued(of id: SessionID) -> Int {
        place(of: id).map { links[$0].bytesQueued() } ?? 0
    }

    /// Objects that these bytes belong to.
    public mutating func objectsQueued(of id: SessionID) -> Int {
        place(of: id).map { links[$0].objectsQueued() } ?? 0
    }

    /// Whether a session's peer acknowledged every message that was sent to it.
    public func hasDelivered(_ id: SessionID) -> Bool {
        place(of: id).map { links[$0].connection.isControlDelivered } ?? false
    }

    /// When ``handleTimeout(now:)`` wants to be called; nil for never.
    public var nextTimeout: Instant? {
        mutating get {
            var earliest = responder.nextTimeout
            for place in links.indices {
                if let timeout = links[place].nextTimeout() {
                    earliest = min(earliest ?? timeout, timeout)
                }
            }
            return earliest
        }
    }

    /// Takes the next action; nil where there is none.
    public mutating func pollAction() -> Action? { actions.popFirst() }

    // MARK: Inputs

    /// Answers whoever knows `psk` too, from now on.
    public mutating func accept(_ psk: PreSharedKey, role: SessionRole) {
        responder.accept(psk, role: role)
    }

    /// Takes a datagram that came on `path`.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, on path: PathID, ecn: ECN, now: Instant
    ) {
        if let connectionID = PacketProtection.connectionID(ofPacket: datagram) {
            guard let id = sessionsByConnectionID[connectionID], let place = place(of: id)
            else { return }
            let before = links[place].connection.peerSequence
            links[place].connection.receive(datagram, on: path, ecn: ecn, now: now)
            if links[place].connection.peerSequence != before { relist(at: place) }
            return
        }
        switch responder.receive(datagram, now: now) {
        case .ignored:
            break
        case .reply(let datagrams):
            guard flights.count < Self.maximumFlights else { return }
            flights.append(contentsOf: datagrams.map { (path, $0) })
        case .established(let established):
            begin(established, on: path, now: now)
        }
    }

    private mutating func begin(
        _ established: EstablishedSession, on path: PathID, now: Instant
    ) {
        // A device that comes back replaces its own older sessions that wait for their timeout.
        for place in links.indices.reversed() where links[place].peer == established.peer {
            end(at: place, .lost)
        }
        guard links.count < Self.maximumSessions else { return }
        let id = SessionID(rawValue: nextSession)
        nextSession += 1
        links.append(
            Link(
                id: id,
                connection: Connection(
                    session: established, configuration: configuration, on: path, now: now),
                peer: established.peer, toldPath: path, features: established.features,
                secretTag: established.pskTag))
        relist(at: links.count - 1)
        actions.append(.admit(id, established.peer, path))
    }

    /// Lists a session under the connection ids that its peer's packets may carry now.
    private mutating func relist(at place: Int) {
        let accepted = links[place].connection.acceptedConnectionIDs
        for connectionID in links[place].listed where !accepted.contains(connectionID) {
            sessionsByConnectionID.removeValue(forKey: connectionID)
        }
        for connectionID in accepted { sessionsByConnectionID[connectionID] = links[place].id }
        links[place].listed = accepted
    }

    /// Does what is due.
    public mutating func handleTimeout(now: Instant) {
        responder.handleTimeout(now: now)
        for place in links.indices { links[place].connection.handleTimeout(now: now) }
    }

    /// A batch, or the rest of one, did not leave.
    public mutating func sendFailed(_ batch: PacketBatch, _ failure: SendFailure, now: Instant) {
        for place in links.indices where links[place].connection.remote == batch.path {
            switch failure {
            case .tooLarge:
                links[place].connection.datagramRefused(size: batch.datagramSize, now: now)
            case .localAddressChanged:
                links[place].connection.localAddressChanged(now: now)
            case .unreachable, .other:
                break
            }
        }
    }

    /// Lets a session in with an offer.
    public mutating func offer(_ offer: Offer, to id: SessionID) {
        guard let place = place(of: id) else { return }
        let features = links[place].features
        links[place].session = SenderSession(
            offering: offer, givesReceipt: features.contains(.receipts),
            sendsListingAhead: features.contains(.listingAhead))
    }

    /// Tells a session that it gets nothing.
    public mutating func refuse(_ id: SessionID, _ reason: RefusalReason) {
        if let place = place(of: id) { links[place].session = SenderSession(refusing: reason) }
    }

    /// Takes the driver's decision about a claim, which is on disk by now; nil grants it.
    public mutating func claimDecided(_ id: SessionID, _ refusal: RefusalReason?) {
        if let place = place(of: id) { links[place].session?.claimDecided(refusal) }
    }

    /// The keys of a session's peer; nil for a session that is gone.
    public func peer(of id: SessionID) -> DevicePublicKeys? {
        place(of: id).map { links[$0].peer }
    }

    /// Says what the receipt is to say of this side; see ``SenderSession/witness(_:)``.
    public mutating func witness(_ id: SessionID, _ witness: ReceiptWitness) {
        if let place = place(of: id) { links[place].session?.witness(witness) }
    }

    /// Gives this end's signature to a receipt that is right, and kept.
    public mutating func countersign(_ id: SessionID, _ signature: [UInt8]) {
        if let place = place(of: id) { links[place].session?.countersign(signature) }
    }

    /// Takes what a session's worker found.
    public mutating func receive(_ output: SenderOutput, for id: SessionID) {
        if let place = place(of: id) { links[place].session?.receive(output) }
    }

    /// Closes a session from this side.
    public mutating func close(_ id: SessionID, code: CloseCode, reason: String, now: Instant) {
        guard let place = place(of: id) else { return }
        links[place].connection.close(code: code, reason: reason, now: now)
    }

    // MARK: Work between inputs and outputs

    /// Moves what the machines found between them, until nothing moves: to be called after inputs
    /// and before ``pollAction()`` and ``pollTransmit(into:now:)``.
    public mutating func process(now: Instant) {
        // From the youngest on: a session that ends moves only those that had their turn.
        for place in links.indices.reversed() {
            while let event = links[place].connection.pollEvent() { take(event, at: place) }
            while let action = links[place].session?.pollAction() {
                perform(action, at: place, now: now)
            }
            tellMove(at: place)
            closeIfDelivered(at: place, now: now)
            // A closed connection is served on until its farewell is over.
            if links[place].connection.state == .closed {
                end(at: place, links[place].ending ?? .lost)
            }
        }
    }

    private mutating func tellMove(at place: Int) {
        let path = links[place].connection.remote
        guard path != links[place].toldPath else { return }
        links[place].toldPath = path
        actions.append(.moved(links[place].id, path))
    }

    private mutating func closeIfDelivered(at place: Int, now: Instant) {
        guard let close = links[place].pendingClose,
            links[place].connection.isControlDelivered || now >= close.deadline
        else { return }
        links[place].pendingClose = nil
        links[place].connection.close(code: close.code, reason: close.reason, now: now)
    }

    private mutating func take(_ event: ConnectionEvent, at place: Int) {
        switch event {
        case .established, .objectDelivered, .pathMeasured:
            // Only the end that dialled measures paths.
            break
        case .controlReadable:
            readMessages(at: place)
        case .objectReceived:
            // Objects go only from sender to receiver: the connection expects none here.
            break
        case .closed(let reason):
            links[place].ending = SessionEnding(reason)
            actions.append(.closing(links[place].id))
        }
    }

    private mutating func readMessages(at place: Int) {
        guard links[place].session != nil else { return }
        var buffer: [UInt8] = []
        swap(&buffer, &links[place].framer.buffer)
        links[place].connection.readControl(into: &buffer)
        links[place].framer.buffer = buffer
        // The framer is to be the only one that holds it.
        buffer = []
        do throws(TransferViolation) {
            while let message = try links[place].framer.next() {
                links[place].session?.receive(message)
            }
        } catch {
            links[place].session?.end(violation: error)
        }
    }

    private mutating func end(at place: Int, _ ending: SessionEnding) {
        let link = links.remove(at: place)
        for connectionID in link.listed {
            sessionsByConnectionID.removeValue(forKey: connectionID)
        }
        actions.append(.ended(link.id, ending))
    }

    private mutating func perform(
        _ action: SenderSession.Action, at place: Int, now: Instant
    ) {
        let id = links[place].id
        switch action {
        case .send(let message):
            links[place].connection.writeControl(message.encoded)
        case .sendObject(let object, let buffer):
            links[place].connection.sendObject(object, buffer)
        case .work(let command):
            actions.append(.work(id, command))
        case .decideClaim:
            actions.append(.decideClaim(id, links[place].peer))
        case .report(let report):
            actions.append(.report(id, report))
        case .close(let code, let reason):
            links[place].connection.close(code: code, reason: reason, now: now)
        case .closeWhenDelivered(let code, let reason):
            links[place].pendingClose = (code, reason, now + Self.longestCloseDelay)
        }
    }

    // MARK: Output

    /// Writes the datagrams to send next into `buffer`; nil where there is nothing to send now.
    public mutating func pollTransmit(
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> PacketBatch? {
        if let (path, datagram) = flights.popFirst() {
            return PacketBatch(writing: datagram, on: path, into: buffer)
        }
        let count = links.count
        for offset in 0..<count {
            let place = (Int(turn % UInt64(count)) + offset) % count
            guard let transmission = links[place].connection.pollTransmit(into: buffer, now: now)
            else { continue }
            turn &+= 1
            return PacketBatch(transmission)
        }
        return nil
    }
}

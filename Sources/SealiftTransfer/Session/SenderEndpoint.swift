internal import DequeModule
public import SealiftBase
public import SealiftCrypto
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

    /// The most sessions at once: one that transfers, others that are told no, one that comes back
    /// while its predecessor has not timed out.
    public static let maximumSessions = 8

    private struct Link {
        var connection: Connection
        var session: SenderSession?
        var framer = ControlMessageFramer()
        let peer: DevicePublicKeys
        /// Names the secret that let the peer in.
        let secretTag: HandshakeTag
        /// The connection ids that lead here.
        var listed: [ConnectionID] = []
        /// Why the connection closes, once it does.
        var ending: SessionEnding?
        /// The close that waits until the receiver has every message, and when it waits no longer.
        var pendingClose: (code: CloseCode, reason: String, deadline: Instant)?
    }

    /// How long a close waits for a receiver that acknowledges nothing.
    private static let longestCloseDelay = Duration.seconds(5)

    private var responder: HandshakeResponder
    private let configuration: ConnectionConfiguration
    private var links: [SessionID: Link] = [:]
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
    public var sessions: [SessionID] { links.keys.sorted() }

    /// What the transport of a session measures.
    public func statistics(of id: SessionID) -> ConnectionStatistics? {
        links[id]?.connection.statistics
    }

    /// The tag of the secret that let a session's peer in: the ticket's, or a code's.
    public func secretTag(of id: SessionID) -> HandshakeTag? { links[id]?.secretTag }

    /// Content bytes of a session handed to its transport, less those still waiting there.
    public func contentBytesSent(of id: SessionID) -> UInt64? {
        guard let sent = links[id]?.session?.contentBytesSent,
            let waiting = links[id]?.connection.bytesQueuedToSend
        else { return nil }
        return sent - min(sent, UInt64(waiting))
    }

    /// Object bytes of a session that wait in the transport: the reader stays ahead by this.
    public func bytesQueued(of id: SessionID) -> Int {
        links[id]?.connection.bytesQueuedToSend ?? 0
    }

    /// Whether a session's peer acknowledged every message that was sent to it.
    public func hasDelivered(_ id: SessionID) -> Bool {
        links[id]?.connection.isControlDelivered == true
    }

    /// When ``handleTimeout(now:)`` wants to be called; nil for never.
    public var nextTimeout: Instant? {
        var earliest = responder.nextTimeout
        // Asked for between any two batches: links are looked into, never copied out.
        for id in links.keys {
            if let timeout = links[id]?.connection.nextTimeout {
                earliest = min(earliest ?? timeout, timeout)
            }
            if let timeout = links[id]?.pendingClose?.deadline {
                earliest = min(earliest ?? timeout, timeout)
            }
        }
        return earliest
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
            guard let id = sessionsByConnectionID[connectionID] else { return }
            let before = links[id]?.connection.peerSequence
            links[id]?.connection.receive(datagram, on: path, ecn: ecn, now: now)
            if links[id]?.connection.peerSequence != before { relist(id) }
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
        for (id, link) in links where link.peer == established.peer { end(id, .lost) }
        guard links.count < Self.maximumSessions else { return }
        let id = SessionID(rawValue: nextSession)
        nextSession += 1
        links[id] = Link(
            connection: Connection(
                session: established, configuration: configuration, on: path, now: now),
            peer: established.peer, secretTag: established.pskTag)
        relist(id)
        actions.append(.admit(id, established.peer, path))
    }

    /// Lists a session under the connection ids that its peer's packets may carry now.
    private mutating func relist(_ id: SessionID) {
        guard let accepted = links[id]?.connection.acceptedConnectionIDs else { return }
        for connectionID in links[id]?.listed ?? [] where !accepted.contains(connectionID) {
            sessionsByConnectionID.removeValue(forKey: connectionID)
        }
        for connectionID in accepted { sessionsByConnectionID[connectionID] = id }
        links[id]?.listed = accepted
    }

    /// Does what is due.
    public mutating func handleTimeout(now: Instant) {
        responder.handleTimeout(now: now)
        for id in links.keys { links[id]?.connection.handleTimeout(now: now) }
    }

    /// A batch, or the rest of one, did not leave.
    public mutating func sendFailed(_ batch: PacketBatch, _ failure: SendFailure, now: Instant) {
        for id in links.keys where links[id]?.connection.remote == batch.path {
            switch failure {
            case .tooLarge:
                links[id]?.connection.datagramRefused(size: batch.datagramSize, now: now)
            case .localAddressChanged:
                links[id]?.connection.localAddressChanged(now: now)
            case .unreachable, .other:
                break
            }
        }
    }

    /// Lets a session in with an offer.
    public mutating func offer(_ offer: Offer, to id: SessionID) {
        links[id]?.session = SenderSession(offering: offer)
    }

    /// Tells a session that it gets nothing.
    public mutating func refuse(_ id: SessionID, _ reason: RefusalReason) {
        links[id]?.session = SenderSession(refusing: reason)
    }

    /// Takes the driver's decision about a claim, which is on disk by now; nil grants it.
    public mutating func claimDecided(_ id: SessionID, _ refusal: RefusalReason?) {
        links[id]?.session?.claimDecided(refusal)
    }

    /// Takes what a session's worker found.
    public mutating func receive(_ output: SenderOutput, for id: SessionID) {
        links[id]?.session?.receive(output)
    }

    /// Closes a session from this side.
    public mutating func close(_ id: SessionID, code: CloseCode, reason: String, now: Instant) {
        links[id]?.connection.close(code: code, reason: reason, now: now)
    }

    // MARK: Work between inputs and outputs

    /// Moves what the machines found between them, until nothing moves: to be called after inputs
    /// and before ``pollAction()`` and ``pollTransmit(into:now:)``.
    public mutating func process(now: Instant) {
        for id in links.keys {
            while let event = links[id]?.connection.pollEvent() { take(event, of: id) }
            while let action = links[id]?.session?.pollAction() {
                perform(action, of: id, now: now)
            }
            closeIfDelivered(id, now: now)
            // A closed connection is served on until its farewell is over.
            if links[id]?.connection.state == .closed { end(id, links[id]?.ending ?? .lost) }
        }
    }

    private mutating func closeIfDelivered(_ id: SessionID, now: Instant) {
        guard let close = links[id]?.pendingClose,
            links[id]?.connection.isControlDelivered == true || now >= close.deadline
        else { return }
        links[id]?.pendingClose = nil
        links[id]?.connection.close(code: close.code, reason: close.reason, now: now)
    }

    private mutating func take(_ event: ConnectionEvent, of id: SessionID) {
        switch event {
        case .established, .objectDelivered:
            break
        case .controlReadable:
            guard links[id]?.session != nil else { return }
            readMessages(of: id)
        case .objectReceived:
            // Objects go only from sender to receiver: the connection expects none here.
            break
        case .closed(let reason):
            links[id]?.ending = SessionEnding(reason)
            actions.append(.closing(id))
        }
    }

    private mutating func readMessages(of id: SessionID) {
        guard var framer = links[id]?.framer else { return }
        links[id]?.connection.readControl(into: &framer.buffer)
        do throws(TransferViolation) {
            while let message = try framer.next() { links[id]?.session?.receive(message) }
        } catch {
            links[id]?.session?.end(violation: error)
        }
        links[id]?.framer = framer
    }

    private mutating func end(_ id: SessionID, _ ending: SessionEnding) {
        guard let link = links.removeValue(forKey: id) else { return }
        for connectionID in link.listed {
            sessionsByConnectionID.removeValue(forKey: connectionID)
        }
        actions.append(.ended(id, ending))
    }

    private mutating func perform(
        _ action: SenderSession.Action, of id: SessionID, now: Instant
    ) {
        switch action {
        case .send(let message):
            links[id]?.connection.writeControl(message.encoded)
        case .sendObject(let object, let buffer):
            links[id]?.connection.sendObject(object, buffer)
        case .work(let command):
            actions.append(.work(id, command))
        case .decideClaim:
            guard let peer = links[id]?.peer else { return }
            actions.append(.decideClaim(id, peer))
        case .report(let report):
            actions.append(.report(id, report))
        case .close(let code, let reason):
            links[id]?.connection.close(code: code, reason: reason, now: now)
        case .closeWhenDelivered(let code, let reason):
            links[id]?.pendingClose = (code, reason, now + Self.longestCloseDelay)
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
        let ids = sessions
        for offset in 0..<ids.count {
            let id = ids[(Int(turn % UInt64(ids.count)) + offset) % ids.count]
            guard let transmission = links[id]?.connection.pollTransmit(into: buffer, now: now)
            else { continue }
            turn &+= 1
            return PacketBatch(transmission)
        }
        return nil
    }
}

internal import DequeModule
public import SealiftBase
public import SealiftCrypto
public import SealiftTransport

/// The receiving end of a transfer as one value: dials, speaks, asks, proves, closes.
///
/// Joins the handshake, the ``Connection`` and the ``ReceiverSession``; owns no socket, no file and
/// no clock. The driver moves datagrams in and out, gives ``ReceiverCommand``s to a worker and its
/// outputs back, and asks the user. The simulator drives the same value.
public struct ReceiverEndpoint {
    /// What the driver does next, in order.
    public enum Action {
        /// The session stands.
        case connected(DevicePublicKeys, PathID)
        /// Put work before the worker.
        case work(ReceiverCommand)
        /// Ask the user, then call ``accept(now:)`` or ``decline(now:)``.
        case ask(ListingSummary)
        /// Tell the user.
        case report(ReceiverSession.Report)
        /// Nothing more will come.
        case ended(SessionEnding)
    }

    /// How long the first contact is tried, unless told otherwise.
    public static let contactTimeout = Duration.seconds(30)

    /// No more paths are tried: those of a ticket, and as many again found in calls, several times over.
    public static let maximumPathCount = 64

    /// How long one handshake is tried: a responder keeps it half-open for three seconds and answers
    /// nothing for it afterwards (`docs/PROTOCOL.md` §4.2), so then a new one begins.
    static let handshakeLifetime = Duration.seconds(3)

    private struct Dial {
        var handshake: HandshakeInitiator
        let renewal: Instant
        var schedule: RetransmissionSchedule
    }

    private struct Link {
        var connection: Connection
        var session: ReceiverSession
        var silence: SilenceWatch
        /// When the handshake is given up unless a packet of the sender opened.
        let renewal: Instant
        let peer: DevicePublicKeys
        /// Message 3, repeated until a packet of the sender opens.
        var finalFlight: [[UInt8]]
        var schedule: RetransmissionSchedule
        /// Why the connection closes, once it does.
        var ending: SessionEnding?

        /// When ``watchSilence(now:)`` wants to be called; nil for never.
        var silenceDue: Instant? {
            guard finalFlight.isEmpty, connection.state == .open else { return nil }
            return silence.due(connection)
        }

        mutating func watchSilence(now: Instant) {
            if let due = silenceDue, due <= now { silence.fire(&connection, now: now) }
        }
    }

    // One of the two at a time; neither once the session is over. Optionals rather than an enum's
    // payloads, so that each is changed in place.
    private var dial: Dial?
    private var link: Link?
    private let configuration: ConnectionConfiguration
    private let beginHandshake: @Sendable () throws(HandshakeError) -> HandshakeInitiator
    /// Every way to the sender that is known.
    private var paths: [PathID]
    /// When trying for the first contact ends.
    private let deadline: Instant
    private var flights: Deque<(PathID, [UInt8])> = []
    private var actions: Deque<Action> = []
    private var framer = ControlMessageFramer()
    /// Where message 1 goes too, and nothing else: nobody there is known to be the sender.
    private let groups: [PathID]

    /// Begins to dial on every path at once.
    /// - Parameters:
    ///   - groups: multicast groups to dial too; the answer comes from the sender's own address.
    ///   - beginHandshake: makes a new handshake each time it is called.
    /// - Throws: what `beginHandshake` throws.
    public init(
        paths: [PathID], groups: [PathID] = [], configuration: ConnectionConfiguration,
        contactTimeout: Duration = ReceiverEndpoint.contactTimeout, now: Instant,
        beginHandshake: @escaping @Sendable () throws(HandshakeError) -> HandshakeInitiator
    ) throws(HandshakeError) {
        self.configuration = configuration
        self.beginHandshake = beginHandshake
        self.paths = paths
        self.groups = groups
        deadline = now + contactTimeout
        dial = try newDial(now: now)
        handleTimeout(now: now)
    }

    private func newDial(now: Instant) throws(HandshakeError) -> Dial {
        Dial(
            handshake: try beginHandshake(), renewal: now + Self.handshakeLifetime,
            schedule: RetransmissionSchedule(start: now))
    }

    // MARK: Getters

    /// What the transport measures; nil before the session stands.
    public var statistics: ConnectionStatistics? { link?.connection.statistics }

    /// What the session counted; nil before it stands.
    public var tally: ReceiverSession.Tally? { link?.session.tally }

    /// What the sender offered; nil before it did.
    public var offer: Offer? { link?.session.offer }

    /// When the sender was heard last; nil before the session stands and when it is over.
    public var lastHeard: Instant? { link?.connection.lastHeard }

    /// Whether nothing more will happen.
    public var isOver: Bool { dial == nil && link == nil }

    /// When ``handleTimeout(now:)`` wants to be called; nil for never.
    public var nextTimeout: Instant? {
        if let dial { return min(dial.schedule.due, dial.renewal, deadline) }
        // Asked for between any two batches: the link is looked into, never copied out.
        var timeout = link?.connection.nextTimeout
        if let due = link?.silenceDue { timeout = min(due, timeout ?? due) }
        guard link?.finalFlight.isEmpty == false, let due = link?.schedule.due,
            let renewal = link?.renewal
        else { return timeout }
        return min(due, renewal, timeout ?? .distantFuture)
    }

    /// Takes the next action; nil where there is none.
    public mutating func pollAction() -> Action? { actions.popFirst() }

    // MARK: Inputs

    /// Takes a datagram that came on `path`.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, on path: PathID, ecn: ECN, now: Instant
    ) {
        // One look into the link, for each datagram: asking first whether it is there copies it.
        let isTaken: Void? = link?.connection.receive(datagram, on: path, ecn: ecn, now: now)
        if isTaken == nil { handshake(datagram, on: path, now: now) }
    }

    private mutating func handshake(
        _ datagram: UnsafeRawBufferPointer, on path: PathID, now: Instant
    ) {
        do throws(HandshakeError) {
            switch try dial?.handshake.receive(datagram) {
            case .established(let established, let finalFlight):
                dial = nil
                flights.removeAll()
                link = Link(
                    connection: Connection(
                        session: established, configuration: configuration, on: path, now: now),
                    session: ReceiverSession(), silence: SilenceWatch(paths: paths),
                    renewal: now + Self.handshakeLifetime, peer: established.peer,
                    finalFlight: finalFlight,
                    schedule: RetransmissionSchedule(start: now))
                handleTimeout(now: now)
            case .ignored, .waiting, nil:
                break
            }
        } catch {
            dial = nil
            flights.removeAll()
            actions.append(.ended(.handshakeFailed(error)))
        }
    }

    /// Does what is due.
    public mutating func handleTimeout(now: Instant) {
        renewHandshake(now: now)
        if dial?.schedule.fire(now: now) == true, let dial {
            for path in paths + groups {
                flights.append(contentsOf: dial.handshake.firstFlight.map { (path, $0) })
            }
        }
        if link?.finalFlight.isEmpty == false, link?.schedule.fire(now: now) == true,
            let path = link?.connection.remote, let flight = link?.finalFlight
        {
            flights.append(contentsOf: flight.map { (path, $0) })
        }
        link?.connection.handleTimeout(now: now)
        link?.watchSilence(now: now)
    }

    /// A batch, or the rest of one, did not leave.
    public mutating func sendFailed(_ batch: PacketBatch, _ failure: SendFailure, now: Instant) {
        guard link?.connection.remote == batch.path else { return }
        switch failure {
        case .tooLarge: link?.connection.datagramRefused(size: batch.datagramSize, now: now)
        case .localAddressChanged: link?.connection.localAddressChanged(now: now)
        case .unreachable: link?.silence.becameUnreachable()
        case .other: break
        }
    }

    /// Begins a new handshake where the old one can come to nothing any more, until the time for the
    /// first contact is over.
    private mutating func renewHandshake(now: Instant) {
        let isUnconfirmed =
            link?.finalFlight.isEmpty == false && (link?.renewal ?? .distantFuture) <= now
        let isUnanswered = (dial?.renewal ?? .distantFuture) <= now
        guard isUnconfirmed || isUnanswered || (dial != nil && now >= deadline) else { return }
        link = nil
        dial = nil
        flights.removeAll()
        guard now < deadline else {
            actions.append(.ended(.noAnswer))
            return
        }
        do throws(HandshakeError) {
            dial = try newDial(now: now)
        } catch {
            actions.append(.ended(.handshakeFailed(error)))
        }
    }

    /// Another way to the sender became known. Message 1 goes there at once, the bytes that went
    /// everywhere else (`docs/PROTOCOL.md` §4.2); a session that stands looks there when its path falls
    /// silent. A path that is known does nothing, nor does one beyond ``maximumPathCount``.
    public mutating func addPath(_ path: PathID, now: Instant) {
        guard !paths.contains(path), paths.count < Self.maximumPathCount else { return }
        paths.append(path)
        link?.silence.add(path)
        guard let flight = dial?.handshake.firstFlight else { return }
        flights.append(contentsOf: flight.map { (path, $0) })
        // Repeated as soon as a first flight is, though the other paths were given longer by now.
        dial?.schedule = RetransmissionSchedule(
            start: now + RetransmissionSchedule.firstInterval)
    }

    /// Takes what the worker found.
    public mutating func receive(_ output: ReceiverOutput, now: Instant) {
        let roundTrip = link?.connection.statistics.smoothedRTT ?? .milliseconds(100)
        link?.session.receive(output, now: now, roundTrip: roundTrip)
    }

    /// The user said yes.
    public mutating func accept() {
        link?.session.accept()
    }

    /// The user said no, or only wanted to look.
    public mutating func decline() {
        link?.session.decline()
    }

    /// Closes the session from this side: the user stopped it, or a check of the driver's failed.
    public mutating func close(code: CloseCode, reason: String, now: Instant) {
        if link != nil {
            link?.connection.close(code: code, reason: reason, now: now)
        } else if dial != nil {
            dial = nil
            actions.append(.ended(.closed(code, reason: reason)))
        }
    }

    // MARK: Work between inputs and outputs

    /// Moves what the machines found between them, until nothing moves: to be called after inputs
    /// and before ``pollAction()`` and ``pollTransmit(into:now:)``.
    public mutating func process(now: Instant) {
        while let event = link?.connection.pollEvent() { take(event) }
        while let action = link?.session.pollAction() { perform(action, now: now) }
        // A closed connection is served on until its farewell is over.
        if link?.connection.state == .closed {
            actions.append(.ended(link?.ending ?? .lost))
            link = nil
        }
    }

    private mutating func take(_ event: ConnectionEvent) {
        switch event {
        case .established:
            guard let link else { return }
            self.link?.finalFlight = []
            actions.append(.connected(link.peer, link.connection.remote))
        case .controlReadable:
            link?.connection.readControl(into: &framer.buffer)
            readMessages()
        case .objectReceived(let object, let buffer):
            link?.session.receive(object, buffer)
        case .objectDelivered:
            break
        case .closed(let reason):
            link?.ending = SessionEnding(reason)
            actions.append(.work(.abandon))
        }
    }

    private mutating func readMessages() {
        do throws(TransferViolation) {
            while let message = try framer.next() { link?.session.receive(message) }
        } catch {
            link?.session.end(violation: error)
        }
    }

    private mutating func perform(_ action: ReceiverSession.Action, now: Instant) {
        switch action {
        case .send(let message):
            link?.connection.writeControl(message.encoded)
        case .expectObjects(let first, let lengths):
            link?.connection.expectObjects(first: first, lengths: lengths)
        case .withdraw(let object):
            link?.connection.withdrawObject(object)
        case .work(let command):
            actions.append(.work(command))
        case .ask(let summary):
            actions.append(.ask(summary))
        case .report(let report):
            actions.append(.report(report))
        case .close(let code, let reason):
            link?.connection.close(code: code, reason: reason, now: now)
        }
    }

    // MARK: Output

    /// Writes the datagrams to send next into `buffer`; nil where there is nothing to send now.
    public mutating func pollTransmit(
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> PacketBatch? {
        if let (path, datagram) = flights.popFirst() {
            buffer.copyBytes(from: datagram)
            return PacketBatch(
                path: path, byteCount: datagram.count, segmentSize: datagram.count)
        }
        guard let transmission = link?.connection.pollTransmit(into: buffer, now: now)
        else { return nil }
        return PacketBatch(
            path: transmission.path, byteCount: transmission.byteCount,
            segmentSize: transmission.segmentSize)
    }
}

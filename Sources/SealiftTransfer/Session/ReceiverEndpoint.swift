internal import DequeModule
public import SealiftBase
public import SealiftCrypto
public import SealiftPeople
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
        /// Packets go on another path from now on; the session is the same.
        case moved(PathID)
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

    private struct Link {
        var connection: Connection
        var session: ReceiverSession
        var silence: SilenceWatch
        var chooser: PathChooser
        /// Where packets went when it was told last.
        var toldPath: PathID
        let peer: DevicePublicKeys
        /// Why the connection closes, once it does.
        var ending: SessionEnding?

        /// When ``watchSilence(now:)`` wants to be called; nil for never.
        var silenceDue: Instant? {
            connection.state == .open ? silence.due(connection) : nil
        }

        // Called in every turn of a loop, and mutating so that they work in place: what only reads a link
        // through an optional is given a copy of all that it holds, a sixth of a receiver's time once.

        /// When the link wants to be looked at.
        /// - Parameter isConfirmed: whether the session is more than an answer.
        mutating func nextTimeout(isConfirmed: Bool) -> Instant? {
            var timeout = connection.nextTimeout
            guard isConfirmed else { return timeout }
            if let due = silenceDue { timeout = min(due, timeout ?? due) }
            let due = choiceDue
            return min(due, timeout ?? due)
        }

        mutating func receive(_ output: ReceiverOutput, now: Instant) {
            let roundTrip = connection.statistics.smoothedRTT ?? .milliseconds(100)
            session.receive(output, now: now, roundTrip: roundTrip)
        }

        mutating func lastHeard() -> Instant { connection.lastHeard }

        mutating func tally() -> ReceiverSession.Tally { session.tally }

        mutating func watchSilence(now: Instant) {
            if let due = silenceDue, due <= now { silence.fire(&connection, now: now) }
        }

        /// When ``choosePath(now:)`` wants to be called.
        var choiceDue: Instant { chooser.due(connection) }

        mutating func choosePath(now: Instant) {
            if choiceDue <= now { chooser.fire(&connection, now: now) }
        }

        mutating func pathMeasured(_ path: PathID, _ roundTrip: Duration?, now: Instant) {
            chooser.measured(path, roundTrip, &connection, now: now)
        }
    }

    /// Calls until the session is confirmed.
    private var dialer: SessionDialer
    /// The session; nil before somebody answered and once it is over.
    private var link: Link?
    private let configuration: ConnectionConfiguration
    /// What kind paths are that are no direct ones, and those told as such.
    private var ranks: [PathID: PathRank] = [:]
    private var actions: Deque<Action> = []
    private var framer = ControlMessageFramer()

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
        dialer = try SessionDialer(
            paths: paths, groups: groups, contactTimeout: contactTimeout, now: now,
            begin: beginHandshake)
    }

    // MARK: Getters

    /// What the transport measures; nil before the session stands.
    public var statistics: ConnectionStatistics? { link?.connection.statistics }

    /// What the session counted; nil before it stands.
    public var tally: ReceiverSession.Tally? {
        mutating get { link?.tally() }
    }

    /// What the sender offered; nil before it did.
    public var offer: Offer? { link?.session.offer }

    /// When the sender was heard last; nil before the session stands and when it is over.
    public var lastHeard: Instant? {
        mutating get { link?.lastHeard() }
    }

    /// Whether nothing more will happen.
    public var isOver: Bool { !dialer.isCalling && link == nil }

    /// When ``handleTimeout(now:)`` wants to be called; nil for never.
    public var nextTimeout: Instant? {
        mutating get {
            let isConfirmed = !dialer.isConfirming
            var timeout = link?.nextTimeout(isConfirmed: isConfirmed) ?? nil
            if let due = dialer.nextTimeout { timeout = min(due, timeout ?? due) }
            return timeout
        }
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
        switch dialer.receive(datagram, on: path, now: now) {
        case .nothing:
            break
        case .established(let established):
            link = Link(
                connection: Connection(
                    session: established, configuration: configuration, on: path, now: now),
                session: ReceiverSession(
                    givesReceipt: established.features.contains(.receipts),
                    takesListingAhead: established.features.contains(.listingAhead)),
                silence: SilenceWatch(paths: dialer.paths),
                chooser: PathChooser(
                    present: path, paths: dialer.paths.map { ($0, ranks[$0] ?? .direct) }, now: now),
                toldPath: path,
                peer: established.peer)
        case .failed(let error):
            actions.append(.ended(.handshakeFailed(error)))
        }
    }

    /// Does what is due.
    public mutating func handleTimeout(now: Instant) {
        switch dialer.handleTimeout(now: now) {
        case .nothing:
            break
        case .began:
            link = nil
        case .noAnswer:
            link = nil
            actions.append(.ended(.noAnswer))
        case .failed(let error):
            link = nil
            actions.append(.ended(.handshakeFailed(error)))
        }
        link?.connection.handleTimeout(now: now)
        guard !dialer.isConfirming else { return }
        link?.watchSilence(now: now)
        link?.choosePath(now: now)
    }

    /// A batch, or the rest of one, did not leave.
    public mutating func sendFailed(_ batch: PacketBatch, _ failure: SendFailure, now: Instant) {
        guard link?.connection.remote == batch.path else { return }
        switch failure {
        case .tooLarge: link?.connection.datagramRefused(size: batch.datagramSize, now: now)
        case .localAddressChanged:
            link?.connection.localAddressChanged(now: now)
            link?.chooser.networkChanged(now: now)
        case .unreachable: link?.silence.becameUnreachable()
        case .other: break
        }
    }

    /// Another way to the sender became known. Message 1 goes there at once, the bytes that went
    /// everywhere else (`docs/PROTOCOL.md` §4.2); a session that stands measures it soon, and looks there
    /// when its path falls silent. A path that is known is only measured, and one beyond
    /// ``maximumPathCount`` does nothing.
    public mutating func addPath(_ path: PathID, _ rank: PathRank = .direct, now: Instant) {
        let isKnown = dialer.paths.contains(path)
        guard isKnown || dialer.paths.count < Self.maximumPathCount else { return }
        ranks[path] = rank
        link?.chooser.add(path, rank, now: now)
        guard !isKnown else { return }
        link?.silence.add(path)
        dialer.addPath(path, now: now)
    }

    /// This machine has other addresses than before: every path may lead elsewhere now, and is measured.
    public mutating func networkChanged(now: Instant) {
        link?.chooser.networkChanged(now: now)
    }

    /// Takes what the worker found.
    public mutating func receive(_ output: ReceiverOutput, now: Instant) {
        link?.receive(output, now: now)
    }

    /// The user said yes.
    public mutating func accept() {
        link?.session.accept()
    }

    /// The user said no, or only wanted to look.
    public mutating func decline() {
        link?.session.decline()
    }

    /// The receipt with this end's signature; see ``ReceiverSession/propose(_:)``.
    public mutating func propose(_ proposal: ReceiptProposal) { link?.session.propose(proposal) }

    /// Ends without a receipt, where one is waited for.
    public mutating func renounceReceipt() { link?.session.renounceReceipt() }

    /// Closes the session from this side: the user stopped it, or a check of the driver's failed.
    public mutating func close(code: CloseCode, reason: String, now: Instant) {
        if link != nil {
            link?.connection.close(code: code, reason: reason, now: now)
        } else if dialer.isCalling {
            dialer.stop()
            actions.append(.ended(.closed(code, reason: reason)))
        }
    }

    // MARK: Work between inputs and outputs

    /// Moves what the machines found between them, until nothing moves: to be called after inputs
    /// and before ``pollAction()`` and ``pollTransmit(into:now:)``.
    public mutating func process(now: Instant) {
        while let event = link?.connection.pollEvent() { take(event, now: now) }
        while let action = link?.session.pollAction() { perform(action, now: now) }
        tellMove()
        // A closed connection is served on until its farewell is over.
        if link?.connection.state == .closed {
            actions.append(.ended(link?.ending ?? .lost))
            dialer.stop()
            link = nil
        }
    }

    private mutating func take(_ event: ConnectionEvent, now: Instant) {
        switch event {
        case .established:
            guard let link else { return }
            dialer.confirm()
            actions.append(.connected(link.peer, link.connection.remote))
        case .controlReadable:
            link?.connection.readControl(into: &framer.buffer)
            readMessages()
        case .objectReceived(let object, let buffer):
            link?.session.receive(object, buffer)
        case .objectDelivered:
            break
        case .pathMeasured(let path, let roundTrip):
            link?.pathMeasured(path, roundTrip, now: now)
        case .closed(let reason):
            link?.ending = SessionEnding(reason)
            actions.append(.work(.abandon))
        }
    }

    private mutating func tellMove() {
        guard !dialer.isConfirming, let path = link?.connection.remote, path != link?.toldPath
        else {
            return
        }
        link?.toldPath = path
        actions.append(.moved(path))
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
        if let (path, datagram) = dialer.pollTransmit() {
            return PacketBatch(writing: datagram, on: path, into: buffer)
        }
        guard let transmission = link?.connection.pollTransmit(into: buffer, now: now)
        else { return nil }
        return PacketBatch(transmission)
    }
}

public import SealiftBase
public import SealiftCrypto
public import SealiftTransport

/// The one session that a code or an invitation leads to, as one value: dials or waits, joins the handshake
/// and the ``Connection``, and hands the bytes of the control stream on.
///
/// The first session that is established is it, and the key that led to it opens nothing afterwards. Owns no
/// socket, no disk and no clock (`docs/PROTOCOL.md` §11.8, §11.13).
public struct MeetingLink {
    /// What happened, in order.
    public enum Event {
        /// A handshake ended well: speak from now on. The end that dials may hear it several times: what was
        /// said in a session before this one is void.
        case began(EstablishedSession)
        /// The session stands.
        case connected(DevicePublicKeys, PathID)
        /// Bytes of the control stream came.
        case received([UInt8])
        /// Nothing more will come.
        case ended(SessionEnding)
    }

    /// The longest session: people think about names, and look for their words.
    public static let longestSession = Duration.seconds(600)
    /// The most handshake replies that wait to be sent.
    private static let maximumFlights = 64

    private enum Way {
        case dialing(SessionDialer)
        case waiting(HandshakeResponder)
    }

    private struct Link {
        var connection: Connection
        let peer: DevicePublicKeys
        let end: Instant
        /// Closes once the other end has all that was said.
        var isFinished = false
        var ending: SessionEnding?
    }

    private let role: SessionRole
    private let configuration: ConnectionConfiguration
    private var way: Way
    private var welcome: [PreSharedKey] = []
    private var link: Link?
    private var isOver = false
    private var flights: [(PathID, [UInt8])] = []
    private var events: [Event] = []

    /// Waits for who comes with a key that ``accept(_:)`` names.
    init(
        waiting responder: HandshakeResponder, role: SessionRole,
        configuration: ConnectionConfiguration
    ) {
        self.role = role
        self.configuration = configuration
        way = .waiting(responder)
    }

    /// Dials on every path at once.
    /// - Throws: what `beginHandshake` throws.
    init(
        dialing paths: [PathID], groups: [PathID], role: SessionRole,
        configuration: ConnectionConfiguration, contactTimeout: Duration, now: Instant,
        beginHandshake: @escaping @Sendable () throws(HandshakeError) -> HandshakeInitiator
    ) throws(HandshakeError) {
        self.role = role
        self.configuration = configuration
        way = .dialing(
            try SessionDialer(
                paths: paths, groups: groups, contactTimeout: contactTimeout, now: now,
                begin: beginHandshake))
    }

    /// Welcomes who comes with `key`, until a session stands. Nothing where this end dials.
    public mutating func accept(_ key: PreSharedKey) {
        guard case .waiting(var responder) = way, link == nil, !isOver else { return }
        responder.accept(key, role: role)
        welcome.append(key)
        way = .waiting(responder)
    }

    /// Whether a session stands or stood.
    public var hasSession: Bool { link != nil || isOver }

    /// When ``handleTimeout(now:)`` wants to be called; nil for never.
    public var nextTimeout: Instant? {
        let handshake =
            switch way {
            case .dialing(let dialer): dialer.nextTimeout
            case .waiting(let responder): responder.nextTimeout
            }
        var earliest = handshake
        for timeout in [link?.connection.nextTimeout, link?.end] {
            if let timeout { earliest = min(earliest ?? timeout, timeout) }
        }
        return earliest
    }

    mutating func pollEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }

    // MARK: Inputs

    /// Takes a datagram that came on `path`.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, on path: PathID, ecn: ECN, now: Instant
    ) {
        guard !isOver else { return }
        if PacketProtection.connectionID(ofPacket: datagram) != nil {
            link?.connection.receive(datagram, on: path, ecn: ecn, now: now)
            return
        }
        switch way {
        case .dialing(var dialer):
            let outcome = dialer.receive(datagram, on: path, now: now)
            way = .dialing(dialer)
            switch outcome {
            case .nothing: break
            case .established(let session): begin(session, on: path, now: now)
            case .failed(let error): end(.handshakeFailed(error))
            }
        case .waiting(var responder):
            let outcome = responder.receive(datagram, now: now)
            way = .waiting(responder)
            switch outcome {
            case .ignored: break
            case .reply(let datagrams):
                guard flights.count < Self.maximumFlights else { return }
                flights.append(contentsOf: datagrams.map { (path, $0) })
            case .established(let session):
                guard link == nil else { return }
                begin(session, on: path, now: now)
                // The dialling end is sure of the session once a packet of it opens.
                link?.connection.ping()
                events.append(.connected(session.peer, path))
                refuseOthers()
            }
        }
    }

    /// Another way to the other end became known; nothing where this end waits.
    public mutating func addPath(_ path: PathID, now: Instant) {
        guard case .dialing(var dialer) = way, !dialer.paths.contains(path),
            dialer.paths.count < ReceiverEndpoint.maximumPathCount
        else { return }
        dialer.addPath(path, now: now)
        way = .dialing(dialer)
    }

    /// Does what is due.
    public mutating func handleTimeout(now: Instant) {
        switch way {
        case .dialing(var dialer):
            let outcome = dialer.handleTimeout(now: now)
            way = .dialing(dialer)
            switch outcome {
            case .nothing: break
            case .began: link = nil
            case .noAnswer: end(.noAnswer)
            case .failed(let error): end(.handshakeFailed(error))
            }
        case .waiting(var responder):
            responder.handleTimeout(now: now)
            way = .waiting(responder)
        }
        link?.connection.handleTimeout(now: now)
        if let end = link?.end, now >= end {
            close(code: .interrupted, reason: "nobody answered for too long", now: now)
        }
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

    /// Writes to the control stream.
    mutating func write(_ bytes: [UInt8]) { link?.connection.writeControl(bytes) }

    /// Closes once the other end has all that was said.
    mutating func finish() { link?.isFinished = true }

    /// Gives up: the user said no, or stopped it, or it could not be stored.
    public mutating func close(code: CloseCode, reason: String, now: Instant) {
        guard link != nil else { return end(.closed(code, reason: reason)) }
        link?.connection.close(code: code, reason: reason, now: now)
    }

    private mutating func begin(_ session: EstablishedSession, on path: PathID, now: Instant) {
        link = Link(
            connection: Connection(
                session: session, configuration: configuration, on: path, now: now),
            peer: session.peer, end: now + Self.longestSession)
        events.append(.began(session))
    }

    /// The keys that opened the session open no other.
    private mutating func refuseOthers() {
        guard case .waiting(var responder) = way else { return }
        for key in welcome { responder.remove(key) }
        welcome = []
        way = .waiting(responder)
    }

    private mutating func end(_ ending: SessionEnding) {
        guard !isOver else { return }
        isOver = true
        if case .dialing(var dialer) = way {
            dialer.stop()
            way = .dialing(dialer)
        }
        link = nil
        events.append(.ended(ending))
    }

    // MARK: Work between inputs and outputs

    /// Moves what the connection found to the events.
    mutating func collect() {
        while let event = link?.connection.pollEvent() {
            switch event {
            case .established:
                confirm()
            case .controlReadable:
                var bytes: [UInt8] = []
                link?.connection.readControl(into: &bytes)
                events.append(.received(bytes))
            case .objectReceived, .objectDelivered, .pathMeasured:
                break
            case .closed(let reason):
                link?.ending = SessionEnding(reason)
            }
        }
    }

    /// Closes what is done with, and ends what is closed: after what ``collect()`` found was worked on.
    mutating func settle(now: Instant) {
        if let link, link.isFinished, link.connection.isControlDelivered {
            self.link?.connection.close(code: .done, reason: "done", now: now)
        }
        if link?.connection.state == .closed { end(link?.ending ?? .lost) }
    }

    private mutating func confirm() {
        guard case .dialing(var dialer) = way, let link else { return }
        dialer.confirm()
        way = .dialing(dialer)
        events.append(.connected(link.peer, link.connection.remote))
    }

    // MARK: Output

    /// Writes the datagrams to send next into `buffer`; nil where there is nothing to send now.
    public mutating func pollTransmit(
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> PacketBatch? {
        if case .dialing(var dialer) = way, let (path, datagram) = dialer.pollTransmit() {
            way = .dialing(dialer)
            return PacketBatch(writing: datagram, on: path, into: buffer)
        }
        if let (path, datagram) = flights.first {
            flights.removeFirst()
            return PacketBatch(writing: datagram, on: path, into: buffer)
        }
        guard let sent = link?.connection.pollTransmit(into: buffer, now: now) else { return nil }
        return PacketBatch(sent)
    }
}

/// What speaks in the one session that a code or an invitation leads to: its sockets' thread moves bytes
/// through ``link``, and calls ``process(now:)`` after it.
public protocol MeetingEndpoint {
    /// The session.
    var link: MeetingLink { get set }
    /// Moves what the machines found between them: to be called after inputs, and before outputs.
    mutating func process(now: Instant)
}

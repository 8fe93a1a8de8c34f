public import SealiftBase
public import SealiftCrypto
public import SealiftPeople
public import SealiftTransport

/// One end of a session in which two people become contacts, as one value: dials or waits, joins the
/// handshake, the ``Connection`` and the ``PairingSession``.
///
/// There is one session: the first that is established is it, and the key that led to it opens nothing
/// afterwards. Owns no socket, no disk and no clock (`docs/PROTOCOL.md` §11.8).
public struct PairingEndpoint {
    /// What the driver does next, in order.
    public enum Event {
        /// The session stands.
        case connected(DevicePublicKeys, PathID)
        /// Ask the user about them, then call ``PairingEndpoint/agree()`` or
        /// ``PairingEndpoint/close(code:reason:now:)``.
        case introduced(PairingSession.Introduction)
        /// Store the contact, then call ``PairingEndpoint/didStore()``.
        case store
        /// Both ends have stored.
        case finished
        /// The other end showed what nobody takes; the session is being closed.
        case failed(PairingFailure)
        /// Nothing more will come.
        case ended(SessionEnding)
    }

    /// What this end shows of its user.
    public struct Profile: Sendable {
        /// The user's own chain; this device speaks for it.
        public var chain: DeviceChain
        /// What the user calls himself; nil to say nothing.
        public var suggestion: ContactName?
        /// Who an invitation says is at the other end; nil after a code, and where one waits.
        public var expected: IdentityID?

        /// Makes a profile.
        public init(
            chain: DeviceChain, suggestion: ContactName? = nil, expected: IdentityID? = nil
        ) {
            self.chain = chain
            self.suggestion = suggestion
            self.expected = expected
        }
    }

    /// The longest session: people think about names.
    public static let longestSession = Duration.seconds(600)
    /// The most handshake replies that wait to be sent.
    private static let maximumFlights = 64

    private enum Way {
        case dialing(SessionDialer)
        case waiting(HandshakeResponder)
    }

    private struct Link {
        var connection: Connection
        var session: PairingSession
        let peer: DevicePublicKeys
        let end: Instant
        /// Both have stored: closes once the other end has all that was said.
        var isFinished = false
        var ending: SessionEnding?
    }

    private let profile: Profile
    private let configuration: ConnectionConfiguration
    private var way: Way
    private var welcome: [PreSharedKey] = []
    private var link: Link?
    private var isOver = false
    private var flights: [(PathID, [UInt8])] = []
    private var events: [Event] = []

    /// Waits for who comes with a key that ``accept(_:)`` names.
    public init(
        waiting responder: HandshakeResponder, as profile: Profile,
        configuration: ConnectionConfiguration
    ) {
        self.profile = profile
        self.configuration = configuration
        way = .waiting(responder)
    }

    /// Dials on every path at once.
    /// - Parameters:
    ///   - groups: multicast groups to dial too.
    ///   - beginHandshake: makes a new handshake each time it is called.
    /// - Throws: what `beginHandshake` throws.
    public init(
        dialing paths: [PathID], groups: [PathID] = [], as profile: Profile,
        configuration: ConnectionConfiguration,
        contactTimeout: Duration = ReceiverEndpoint.contactTimeout, now: Instant,
        beginHandshake: @escaping @Sendable () throws(HandshakeError) -> HandshakeInitiator
    ) throws(HandshakeError) {
        self.profile = profile
        self.configuration = configuration
        way = .dialing(
            try SessionDialer(
                paths: paths, groups: groups, contactTimeout: contactTimeout, now: now,
                begin: beginHandshake))
    }

    /// Welcomes who comes with `key`, until a session stands. Nothing where this end dials.
    public mutating func accept(_ key: PreSharedKey) {
        guard case .waiting(var responder) = way, link == nil, !isOver else { return }
        responder.accept(key, role: .introduction)
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

    /// Takes the next event; nil where there is none.
    public mutating func pollEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }

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

    /// The user said yes to who was introduced.
    public mutating func agree() { link?.session.agree() }

    /// The contact is on the disk.
    public mutating func didStore() { link?.session.didStore() }

    /// Gives up: the user said no, or stopped it, or it could not be stored.
    public mutating func close(code: CloseCode, reason: String, now: Instant) {
        guard link != nil else { return end(.closed(code, reason: reason)) }
        link?.connection.close(code: code, reason: reason, now: now)
    }

    private mutating func begin(_ session: EstablishedSession, on path: PathID, now: Instant) {
        link = Link(
            connection: Connection(
                session: session, configuration: configuration, on: path, now: now),
            session: PairingSession(
                session, showing: profile.chain, suggestion: profile.suggestion,
                expecting: profile.expected),
            peer: session.peer, end: now + Self.longestSession)
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

    /// Moves what the machines found between them: to be called after inputs, and before
    /// ``pollEvent()`` and ``pollTransmit(into:now:)``.
    public mutating func process(now: Instant) {
        while let event = link?.connection.pollEvent() {
            switch event {
            case .established:
                confirm()
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
        if let link, link.isFinished, link.connection.isControlDelivered {
            self.link?.connection.close(code: .done, reason: "paired", now: now)
        }
        if link?.connection.state == .closed { end(link?.ending ?? .lost) }
    }

    private mutating func confirm() {
        guard case .dialing(var dialer) = way, let link else { return }
        dialer.confirm()
        way = .dialing(dialer)
        events.append(.connected(link.peer, link.connection.remote))
    }

    private mutating func perform(_ action: PairingSession.Action, now: Instant) {
        switch action {
        case .send(let bytes):
            link?.connection.writeControl(bytes)
        case .introduced(let introduction):
            events.append(.introduced(introduction))
        case .store:
            events.append(.store)
        case .finished:
            link?.isFinished = true
            events.append(.finished)
        case .failed(let failure):
            events.append(.failed(failure))
            link?.connection.close(
                code: .violation, reason: "the introduction is refused", now: now)
        }
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

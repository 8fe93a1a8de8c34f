public import SealiftBase
public import SealiftCrypto
public import SealiftPeople
public import SealiftTransport

/// One end of a session in which two people become contacts, as one value: a ``MeetingLink`` and the
/// ``PairingSession`` in it. Owns no socket, no disk and no clock (`docs/PROTOCOL.md` §11.8).
public struct PairingEndpoint: MeetingEndpoint {
    /// What the driver does next, in order.
    public enum Event {
        /// The session stands.
        case connected(DevicePublicKeys, PathID)
        /// Ask the user about them, then call ``PairingEndpoint/agree()`` or
        /// ``MeetingLink/close(code:reason:now:)``.
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

    /// The session.
    public var link: MeetingLink
    private let profile: Profile
    private var session: PairingSession?
    private var events: [Event] = []

    /// Waits for who comes with a key that ``MeetingLink/accept(_:)`` names.
    public init(
        waiting responder: HandshakeResponder, as profile: Profile,
        configuration: ConnectionConfiguration
    ) {
        self.profile = profile
        link = MeetingLink(
            waiting: responder, role: .introduction, configuration: configuration)
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
        link = try MeetingLink(
            dialing: paths, groups: groups, role: .introduction, configuration: configuration,
            contactTimeout: contactTimeout, now: now, beginHandshake: beginHandshake)
    }

    /// Takes the next event; nil where there is none.
    public mutating func pollEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }

    /// The user said yes to who was introduced.
    public mutating func agree() { session?.agree() }

    /// The contact is on the disk.
    public mutating func didStore() { session?.didStore() }

    /// Moves what the machines found between them: to be called after inputs, and before ``pollEvent()``
    /// and ``MeetingLink/pollTransmit(into:now:)``.
    public mutating func process(now: Instant) {
        link.collect()
        take()
        while let action = session?.pollAction() { perform(action, now: now) }
        link.settle(now: now)
        take()
    }

    private mutating func take() {
        while let event = link.pollEvent() {
            switch event {
            case .began(let established):
                session = PairingSession(
                    established, showing: profile.chain, suggestion: profile.suggestion,
                    expecting: profile.expected)
            case .connected(let peer, let path): events.append(.connected(peer, path))
            case .received(let bytes): session?.receive(bytes)
            case .ended(let ending):
                session = nil
                events.append(.ended(ending))
            }
        }
    }

    private mutating func perform(_ action: PairingSession.Action, now: Instant) {
        switch action {
        case .send(let bytes):
            link.write(bytes)
        case .introduced(let introduction):
            events.append(.introduced(introduction))
        case .store:
            events.append(.store)
        case .finished:
            link.finish()
            events.append(.finished)
        case .failed(let failure):
            events.append(.failed(failure))
            link.close(code: .violation, reason: "the introduction is refused", now: now)
        }
    }
}

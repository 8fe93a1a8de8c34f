public import SealiftBase
public import SealiftCrypto
public import SealiftPeople
public import SealiftTransport

/// One end of a session in which a machine becomes a further device of its user, as one value: a
/// ``MeetingLink`` and the ``LinkSession`` in it. Owns no socket, no disk and no clock
/// (`docs/PROTOCOL.md` §11.13).
public struct LinkEndpoint: MeetingEndpoint {
    /// What the driver does next, in order.
    public enum Event {
        /// The session stands.
        case connected(DevicePublicKeys, PathID)
        /// The new device: call ``LinkEndpoint/consent(_:suggestion:)`` or close.
        case met(LinkSession.Host)
        /// The device that is there: ask the user, store, then call ``LinkEndpoint/give(_:)``; or close.
        case asked(LinkSession.Guest)
        /// The new device: store it, then call ``LinkEndpoint/didStore()``.
        case store(LinkSession.Gift)
        /// Both ends have stored.
        case finished
        /// The other end showed what nobody takes; the session is being closed.
        case failed(LinkFailure)
        /// Nothing more will come.
        case ended(SessionEnding)
    }

    /// Which end this is.
    private enum Part {
        case host(DeviceID, DeviceChain)
        case guest(DeviceID, expected: IdentityID?)
    }

    /// The session.
    public var link: MeetingLink
    private let part: Part
    private var session: LinkSession?
    private var events: [Event] = []

    /// The device that is there waits for who comes with a key that ``MeetingLink/accept(_:)`` names.
    /// - Parameter chain: the user's chain, whole; `device` speaks for it.
    public init(
        waiting responder: HandshakeResponder, of device: DeviceID, showing chain: DeviceChain,
        configuration: ConnectionConfiguration
    ) {
        part = .host(device, chain)
        link = MeetingLink(waiting: responder, role: .deviceLink, configuration: configuration)
    }

    /// The new device dials on every path at once.
    /// - Parameters:
    ///   - groups: multicast groups to dial too.
    ///   - expected: who an invitation says is at the other end; nil after a code.
    ///   - beginHandshake: makes a new handshake each time it is called.
    /// - Throws: what `beginHandshake` throws.
    public init(
        dialing paths: [PathID], groups: [PathID] = [], of device: DeviceID,
        expecting expected: IdentityID?, configuration: ConnectionConfiguration,
        contactTimeout: Duration = ReceiverEndpoint.contactTimeout, now: Instant,
        beginHandshake: @escaping @Sendable () throws(HandshakeError) -> HandshakeInitiator
    ) throws(HandshakeError) {
        part = .guest(device, expected: expected)
        link = try MeetingLink(
            dialing: paths, groups: groups, role: .deviceLink, configuration: configuration,
            contactTimeout: contactTimeout, now: now, beginHandshake: beginHandshake)
    }

    /// Takes the next event; nil where there is none.
    public mutating func pollEvent() -> Event? { events.isEmpty ? nil : events.removeFirst() }

    /// The new device stands for the identity that was shown.
    public mutating func consent(_ certificate: DeviceCertificate, suggestion: ContactName?) {
        session?.consent(certificate, suggestion: suggestion)
    }

    /// The chain has the new device, on the disk: gives it everything.
    public mutating func give(_ bundle: [UInt8]) { session?.give(bundle) }

    /// Everything is on the new device's disk.
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
                session =
                    switch part {
                    case .host(let device, let chain):
                        LinkSession(established, of: device, showing: chain)
                    case .guest(let device, let expected):
                        LinkSession(established, of: device, expecting: expected)
                    }
            case .connected(let peer, let path): events.append(.connected(peer, path))
            case .received(let bytes): session?.receive(bytes)
            case .ended(let ending):
                session = nil
                events.append(.ended(ending))
            }
        }
    }

    private mutating func perform(_ action: LinkSession.Action, now: Instant) {
        switch action {
        case .send(let bytes): link.write(bytes)
        case .met(let host): events.append(.met(host))
        case .asked(let guest): events.append(.asked(guest))
        case .store(let gift): events.append(.store(gift))
        case .finished:
            link.finish()
            events.append(.finished)
        case .failed(let failure):
            events.append(.failed(failure))
            link.close(code: .violation, reason: "what was shown is refused", now: now)
        }
    }
}

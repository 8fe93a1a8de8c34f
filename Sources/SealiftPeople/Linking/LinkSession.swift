internal import SealiftBase
public import SealiftCrypto

/// One end of the session in which a machine becomes a further device of its user, as a value
/// (`docs/PROTOCOL.md` §11.13).
///
/// The device that is there waits and shows its chain; the new one verifies it and gives its consent; the
/// user says yes where the chain is, with the recovery words; that end stores the longer chain first, then
/// gives it and the contacts away; the new one stores last. What a cut connection can leave behind is a
/// chain with a device that has nothing yet: the same session again mends it, without the words.
public struct LinkSession: Sendable {
    /// Who the new device is to be, proven.
    public struct Host: Sendable {
        /// The user's devices, verified.
        public let devices: ChainView
        /// The device at the other end; it speaks for the user.
        public let device: DeviceID
        /// Who the user is.
        public var identity: IdentityID { devices.identity }
    }

    /// Who wants to be a device of the user, proven.
    public struct Guest: Sendable {
        /// Its keys, and its consent to stand for this identity in this generation.
        public let certificate: DeviceCertificate
        /// What it calls itself, where that may be a name.
        public let suggestion: ContactName?
        /// The key that both devices share.
        public let linkKey: PreSharedKey
    }

    /// What the new device stores, all of it or nothing.
    public struct Gift: Sendable {
        /// Chain, names and contacts; the chain follows the one that was shown, and has this device.
        public let bundle: LinkBundle
        /// The same chain, verified.
        public let devices: ChainView
        /// The device that gave it.
        public let host: DeviceID
        /// The key that both devices share.
        public let linkKey: PreSharedKey
    }

    /// What to do next, in order.
    public enum Action: Sendable {
        /// Write these bytes to the control stream.
        case send([UInt8])
        /// The new device: call ``LinkSession/consent(_:suggestion:)`` or close the session.
        case met(Host)
        /// The device that is there: ask the user, store the longer chain, then call
        /// ``LinkSession/give(_:)``; or close the session.
        case asked(Guest)
        /// The new device: store it, then call ``LinkSession/didStore()``.
        case store(Gift)
        /// Both ends have stored.
        case finished
        /// Close the session; nothing is stored.
        case failed(LinkFailure)
    }

    private enum Phase {
        // The new device.
        case expectingIdentity
        case readingChain(IdentityID, length: Int)
        case met(ChainView)
        case expectingBundle(ChainView)
        case readingBundle(ChainView, length: Int)
        case storing
        // The device that is there.
        case expectingConsent
        case asked
        case expectingStored
        case over
    }

    private let own: DeviceChain?
    private let expected: IdentityID?
    private let peer: DeviceID
    private let device: DeviceID
    private let secrets: SessionSecrets
    private var phase: Phase
    private var unread: [UInt8] = []
    private var run: [UInt8] = []
    private var actions: [Action] = []

    /// The device that is there begins to speak.
    /// - Parameters:
    ///   - device: this device; it speaks for the user.
    ///   - chain: the user's chain, whole.
    public init(_ session: EstablishedSession, of device: DeviceID, showing chain: DeviceChain) {
        own = chain
        expected = nil
        peer = session.peer.id
        self.device = device
        secrets = session.secrets
        phase = .expectingConsent
        let bytes = chain.encoded
        // A chain has at least one entry.
        send(.identity(chain.entries[0].identity, chainLength: bytes.count))
        cut(bytes).forEach { send(.chain($0)) }
    }

    /// The new device listens.
    /// - Parameter expected: who an invitation says is there; nil after a code.
    public init(
        _ session: EstablishedSession, of device: DeviceID, expecting expected: IdentityID?
    ) {
        own = nil
        self.expected = expected
        peer = session.peer.id
        self.device = device
        secrets = session.secrets
        phase = .expectingIdentity
    }

    /// Whether both ends have stored, or it ended without.
    public var isOver: Bool { if case .over = phase { true } else { false } }

    /// Takes the next action; nil where there is none.
    public mutating func pollAction() -> Action? { actions.isEmpty ? nil : actions.removeFirst() }

    // MARK: Inputs

    /// Takes bytes of the control stream.
    public mutating func receive(_ bytes: [UInt8]) {
        guard !isOver else { return }
        unread += bytes
        do throws(LinkFailure) {
            while !isOver, let message = try LinkMessage.cut(from: &unread) {
                try receive(message)
            }
        } catch {
            unread = []
            run = []
            phase = .over
            actions.append(.failed(error))
        }
    }

    /// The new device stands for the identity that was shown.
    public mutating func consent(_ certificate: DeviceCertificate, suggestion: ContactName?) {
        guard case .met(let devices) = phase else { return }
        phase = .expectingBundle(devices)
        send(
            .consent(certificate, suggestion: suggestion.map { Array($0.text.utf8) } ?? []))
    }

    /// The chain has the new device, on the disk: gives it everything.
    /// - Parameter bundle: what ``LinkBundle/encoded`` wrote.
    public mutating func give(_ bundle: [UInt8]) {
        guard case .asked = phase, !bundle.isEmpty else { return }
        phase = .expectingStored
        send(.bundle(length: bundle.count))
        cut(bundle).forEach { send(.part($0)) }
    }

    /// Everything is on the new device's disk.
    public mutating func didStore() {
        guard case .storing = phase else { return }
        send(.stored)
        finish()
    }

    // MARK: Rules

    private mutating func receive(_ message: LinkMessage) throws(LinkFailure) {
        switch (message, phase) {
        case (.identity(let identity, let length), .expectingIdentity):
            if let expected, identity != expected {
                throw .unexpectedIdentity(expected: expected, offered: identity)
            }
            phase = .readingChain(identity, length: length)
        case (.chain(let part), .readingChain(let identity, let length)):
            if let whole = try join(part, length) { try meet(whole, identity) }
        case (.consent(let certificate, let suggestion), .expectingConsent):
            try ask(certificate, suggestion)
        case (.bundle(let length), .expectingBundle(let devices)):
            phase = .readingBundle(devices, length: length)
        case (.part(let part), .readingBundle(let devices, let length)):
            if let whole = try join(part, length) { try take(whole, devices) }
        case (.stored, .expectingStored):
            finish()
        default:
            throw .violation
        }
    }

    /// The whole of a run, once `part` completes it.
    private mutating func join(
        _ part: [UInt8], _ length: Int
    ) throws(LinkFailure) -> [UInt8]? {
        guard part.count <= length - run.count else { throw .violation }
        run += part
        guard run.count == length else { return nil }
        defer { run = [] }
        return run
    }

    private mutating func meet(
        _ bytes: [UInt8], _ identity: IdentityID
    ) throws(LinkFailure) {
        guard let chain = bytes.withUnsafeBytes({ DeviceChain(decoding: $0) }) else {
            throw .violation
        }
        let devices: ChainView
        do throws(ChainError) {
            devices = try ChainView(verifying: chain, of: identity)
        } catch {
            throw .chain(error)
        }
        guard devices.isActive(peer) else { throw .deviceNotTheirs }
        guard devices.devices[device]?.ended == nil else { throw .endedDevice }
        phase = .met(devices)
        actions.append(.met(Host(devices: devices, device: peer)))
    }

    private mutating func ask(
        _ certificate: DeviceCertificate, _ suggestion: [UInt8]
    ) throws(LinkFailure) {
        guard let own, let head = own.entries.last?.head, certificate.device == peer,
            certificate.isConsent(
                to: head.identity, generation: head.position.generation),
            let key = LinkKey.derive(from: secrets, of: head.identity, device, peer)
        else { throw .violation }
        phase = .asked
        actions.append(
            .asked(
                Guest(
                    certificate: certificate,
                    suggestion: String(validating: suggestion, as: UTF8.self).flatMap {
                        try? ContactName($0)
                    }, linkKey: key)))
    }

    private mutating func take(
        _ bytes: [UInt8], _ shown: ChainView
    ) throws(LinkFailure) {
        guard let bundle = bytes.withUnsafeBytes({ LinkBundle(decoding: $0) }),
            let key = LinkKey.derive(from: secrets, of: shown.identity, device, peer),
            !bundle.contacts.contains(where: { $0.contact.identity == shown.identity })
        else { throw .violation }
        var devices = shown
        do throws(ChainError) {
            _ = try devices.take(bundle.chain)
            // What is stored is whole: a part of a chain is not.
            devices = try ChainView(verifying: bundle.chain, of: shown.identity)
        } catch {
            throw .chain(error)
        }
        guard devices.isActive(peer), devices.isActive(device) else { throw .deviceNotTheirs }
        phase = .storing
        actions.append(
            .store(Gift(bundle: bundle, devices: devices, host: peer, linkKey: key)))
    }

    private mutating func finish() {
        phase = .over
        actions.append(.finished)
    }

    private func cut(_ bytes: [UInt8]) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: LinkMessage.maximumPartLength).map { start in
            Array(bytes[start..<min(start + LinkMessage.maximumPartLength, bytes.count)])
        }
    }

    private mutating func send(_ message: LinkMessage) { actions.append(.send(message.encoded)) }
}

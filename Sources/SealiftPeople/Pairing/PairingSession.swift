internal import SealiftBase
public import SealiftCrypto

/// One end of the session in which two people become contacts, as a value (`docs/PROTOCOL.md` §11.8).
///
/// Both show identity and chain; each verifies the other's, and that the device at the other end speaks
/// for it; both users say yes; then both store. Nothing is stored by one end before both said yes, so a
/// contact is mutual. The end that waited stores first. What a cut connection can leave behind is one
/// end that has stored and one that has not: a key alone opens nothing, and pairing again mends it.
public struct PairingSession: Sendable {
    /// Who is at the other end, proven.
    public struct Introduction: Sendable {
        /// Their devices, verified.
        public let devices: ChainView
        /// The same, whole, to be stored.
        public let chain: DeviceChain
        /// The device at the other end; it speaks for them.
        public let device: DeviceID
        /// What they call themselves, where that may be a name; never taken without the user.
        public let suggestion: ContactName?
        /// The key of the two devices.
        public let pairKey: PairKey

        /// Who they are.
        public var identity: IdentityID { devices.identity }
    }

    /// What to do next, in order.
    public enum Action: Sendable {
        /// Write these bytes to the control stream.
        case send([UInt8])
        /// Ask the user, then call ``PairingSession/agree()`` or close the session.
        case introduced(Introduction)
        /// Both users said yes: store the contact, then call ``PairingSession/didStore()``.
        case store
        /// Both ends have stored.
        case finished
        /// Close the session; nothing is stored.
        case failed(PairingFailure)
    }

    private enum Phase {
        /// Nothing of the other end has come.
        case expecting
        /// Its chain is coming.
        case reading(IdentityID, length: Int, suggestion: [UInt8])
        /// It is shown to the user, or both wait for each other's yes.
        case shown
        /// The end that dialled waits for the other to have stored.
        case awaitingStore
        /// The driver stores.
        case storing
        /// The end that waited has stored, and waits for the other.
        case awaitingStored
        case over
    }

    private let side: HandshakeSide
    private let own: DeviceChain
    private let ownIdentity: IdentityID
    private let expected: IdentityID?
    private let peer: DeviceID
    private let secrets: SessionSecrets
    private let features: SessionFeatures
    private var phase = Phase.expecting
    private var unread: [UInt8] = []
    private var chain: [UInt8] = []
    /// Over both heads: what both users say yes to.
    private var transcript: Hash256?
    private var hasAgreed = false
    private var hasPeerAgreed = false
    private var actions: [Action] = []

    /// Begins to speak.
    /// - Parameters:
    ///   - session: who is at the other end, and the keys.
    ///   - chain: this user's own chain; this device speaks for it.
    ///   - suggestion: what this user calls himself; nil to say nothing.
    ///   - expected: who an invitation says is there; nil after a code.
    public init(
        _ session: EstablishedSession, showing chain: DeviceChain, suggestion: ContactName?,
        expecting expected: IdentityID?
    ) {
        side = session.role
        own = chain
        // A chain has at least one entry.
        ownIdentity = chain.entries[0].identity
        self.expected = expected
        peer = session.peer.id
        secrets = session.secrets
        features = session.features
        let bytes = chain.encoded
        send(
            .introduction(
                ownIdentity, chainLength: bytes.count,
                suggestion: suggestion.map { Array($0.text.utf8) } ?? []))
        for start in stride(from: 0, to: bytes.count, by: PairingMessage.maximumPartLength) {
            let end = min(start + PairingMessage.maximumPartLength, bytes.count)
            send(.chain(Array(bytes[start..<end])))
        }
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
        do throws(PairingFailure) {
            while !isOver, let message = try PairingMessage.cut(from: &unread) {
                try receive(message)
            }
        } catch {
            unread = []
            chain = []
            phase = .over
            actions.append(.failed(error))
        }
    }

    /// The user said yes to who was introduced.
    public mutating func agree() {
        guard case .shown = phase, !hasAgreed, let transcript else { return }
        hasAgreed = true
        send(.agreed(transcript))
        storeIfAgreed()
    }

    /// The contact is on the disk.
    public mutating func didStore() {
        guard case .storing = phase else { return }
        send(.stored)
        switch side {
        case .responder:
            phase = .awaitingStored
        case .initiator:
            finish()
        }
    }

    // MARK: Rules

    private mutating func receive(_ message: PairingMessage) throws(PairingFailure) {
        switch (message, phase) {
        case (.introduction(let identity, let length, let suggestion), .expecting):
            guard identity != ownIdentity else { throw .ownIdentity }
            if let expected, identity != expected {
                throw .unexpectedIdentity(expected: expected, offered: identity)
            }
            phase = .reading(identity, length: length, suggestion: suggestion)
        case (.chain(let part), .reading(let identity, let length, let suggestion)):
            guard part.count <= length - chain.count else { throw .violation }
            chain += part
            guard chain.count == length else { return }
            try introduce(identity, suggestion)
        case (.agreed(let hash), .shown):
            guard !hasPeerAgreed, hash == transcript else { throw .violation }
            hasPeerAgreed = true
            storeIfAgreed()
        case (.stored, .awaitingStore):
            phase = .storing
            actions.append(.store)
        case (.stored, .awaitingStored):
            finish()
        default:
            throw .violation
        }
    }

    private mutating func introduce(
        _ identity: IdentityID, _ suggestion: [UInt8]
    ) throws(PairingFailure) {
        let bytes = chain
        chain = []
        guard let chain = bytes.withUnsafeBytes({ DeviceChain(decoding: $0) }),
            let key = PairKey.derive(
                from: secrets, features, between: ownIdentity, and: identity),
            let ownHead = own.entries.last?.head
        else { throw .violation }
        let devices: ChainView
        do throws(ChainError) {
            devices = try ChainView(verifying: chain, of: identity)
        } catch {
            throw .chain(error)
        }
        guard devices.isActive(peer) else { throw .deviceNotTheirs }
        let heads =
            side == .initiator ? [ownHead, devices.head] : [devices.head, ownHead]
        transcript = SHA256Digest.hash(
            Array("sealift/1 pairing".utf8) + heads.flatMap(\.encoded))
        phase = .shown
        actions.append(
            .introduced(
                Introduction(
                    devices: devices, chain: chain, device: peer,
                    suggestion: String(validating: suggestion, as: UTF8.self).flatMap {
                        try? ContactName($0)
                    },
                    pairKey: key)))
    }

    private mutating func storeIfAgreed() {
        guard hasAgreed, hasPeerAgreed else { return }
        switch side {
        case .responder:
            phase = .storing
            actions.append(.store)
        case .initiator:
            phase = .awaitingStore
        }
    }

    private mutating func finish() {
        phase = .over
        actions.append(.finished)
    }

    private mutating func send(_ message: PairingMessage) { actions.append(.send(message.encoded)) }
}

/// Why a Noise message could not be written or read.
enum NoiseError: Error, Equatable, Sendable {
    /// The message is shorter than its pattern needs.
    case truncated
    /// A tag does not fit: wrong key, wrong transcript or an altered byte.
    case authenticationFailed
    /// The peer sent a key that PROTOCOL §4.1 refuses.
    case unacceptableKey
    /// A message out of turn, or a key that the pattern needs was not given.
    case localMisuse
}

/// One side of a Noise handshake (Noise revision 34 §5.3, psk §9, HFS revision 1).
///
/// A message that fails to read leaves no trace: the state is that of before, so garbage cannot
/// advance a counter or a hash (snow RUSTSEC-2024-0011). A message is written once; whoever repeats
/// it repeats the bytes.
struct NoiseHandshake: Sendable {
    /// The keys that a side brings along.
    struct LocalKeys: Sendable {
        /// The static key `s`, where the pattern has one.
        var staticKey: AgreementKey?
        /// The ephemeral key `e`, used in this handshake only.
        var ephemeral: AgreementKey
        /// The seed of the KEM key pair `e1`, for the initiator of an HFS pattern.
        var encapsulationSeed: SecretBytes?
    }

    private let pattern: NoisePattern
    private let side: HandshakeSide
    private let keys: LocalKeys
    private let encapsulation: any KeyEncapsulation
    private var symmetric: NoiseSymmetricState
    /// Pre-shared keys not used yet, in order of the psk tokens.
    private var preSharedKeys: ArraySlice<SecretBytes>
    /// rs: the peer's static public key once it is known.
    private(set) var remoteStatic: [UInt8]?
    /// re: the peer's ephemeral public key once it came.
    private var remoteEphemeral: [UInt8]?
    /// re1: the initiator's encapsulation key once it came.
    private var remoteEncapsulationKey: [UInt8]?
    /// The index of the next message.
    private var position = 0

    init(
        _ pattern: NoisePattern, side: HandshakeSide, prologue: [UInt8], keys: LocalKeys,
        remoteStatic: [UInt8]? = nil, preSharedKeys: [SecretBytes],
        encapsulation: any KeyEncapsulation
    ) {
        self.pattern = pattern
        self.side = side
        self.keys = keys
        self.encapsulation = encapsulation
        self.preSharedKeys = preSharedKeys[...]
        self.remoteStatic = remoteStatic
        symmetric = NoiseSymmetricState(
            protocolName: pattern.protocolName, cipher: pattern.cipher)
        symmetric.mixHash(prologue)
        let own = keys.staticKey?.publicKey ?? []
        let other = remoteStatic ?? []
        if pattern.initiatorStaticIsKnown { symmetric.mixHash(side == .initiator ? own : other) }
        if pattern.responderStaticIsKnown { symmetric.mixHash(side == .responder ? own : other) }
    }

    /// Whether all messages were written or read.
    var isFinished: Bool { position == pattern.messages.count }

    /// The keys of the finished handshake.
    /// - Precondition: ``isFinished``.
    func split() -> NoiseKeys {
        precondition(isFinished, "a handshake yields keys only when it is finished")
        return symmetric.split()
    }

    private var isOurTurn: Bool { position.isMultiple(of: 2) == (side == .initiator) }

    // MARK: Writing

    /// Writes the next message with `payload`.
    /// - Throws: ``NoiseError``; the state is then unchanged.
    mutating func writeMessage(payload: [UInt8]) throws(NoiseError) -> [UInt8] {
        guard !isFinished, isOurTurn else { throw .localMisuse }
        var next = self
        var message: [UInt8] = []
        for token in pattern.messages[position] {
            message += try next.write(token)
        }
        message += try next.symmetric.encryptAndHash(payload)
        next.position += 1
        self = next
        return message
    }

    private mutating func write(_ token: NoiseToken) throws(NoiseError) -> [UInt8] {
        switch token {
        case .e:
            symmetric.mixHash(keys.ephemeral.publicKey)
            if pattern.usesPreSharedKey { symmetric.mixKey(keys.ephemeral.publicKey) }
            return keys.ephemeral.publicKey
        case .s:
            guard let staticKey = keys.staticKey else { throw .localMisuse }
            return try symmetric.encryptAndHash(staticKey.publicKey)
        case .e1:
            guard let seed = keys.encapsulationSeed,
                let key = try? encapsulation.encapsulationKey(of: seed)
            else { throw .localMisuse }
            return try symmetric.encryptAndHash(key)
        case .ekem1:
            guard let key = remoteEncapsulationKey else { throw .localMisuse }
            guard let result = try? encapsulation.encapsulate(to: key) else {
                throw .unacceptableKey
            }
            let sealed = try symmetric.encryptAndHash(result.ciphertext)
            symmetric.mixKey(result.sharedSecret)
            return sealed
        case .ee, .es, .se, .ss, .psk:
            try mix(token)
            return []
        }
    }

    // MARK: Reading

    /// Reads the peer's next message and returns its payload.
    /// - Throws: ``NoiseError``; the state is then unchanged.
    mutating func readMessage(_ message: [UInt8]) throws(NoiseError) -> [UInt8] {
        guard !isFinished, !isOurTurn else { throw .localMisuse }
        var next = self
        var rest = message[...]
        for token in pattern.messages[position] {
            try next.read(token, from: &rest)
        }
        let payload = try next.symmetric.decryptAndHash(rest)
        next.position += 1
        self = next
        return payload
    }

    private mutating func read(
        _ token: NoiseToken, from rest: inout ArraySlice<UInt8>
    ) throws(NoiseError) {
        switch token {
        case .e:
            let key = Array(try Self.take(32, from: &rest))
            guard CurvePoint.isAcceptableX25519(key) else { throw .unacceptableKey }
            symmetric.mixHash(key)
            if pattern.usesPreSharedKey { symmetric.mixKey(key) }
            remoteEphemeral = key
        case .s:
            let sealed = try Self.take(symmetric.sealedSize(32), from: &rest)
            let key = try symmetric.decryptAndHash(sealed)
            guard CurvePoint.isAcceptableX25519(key) else { throw .unacceptableKey }
            remoteStatic = key
        case .e1:
            let size = symmetric.sealedSize(MLKEM768KeyEncapsulation.encapsulationKeySize)
            let key = try symmetric.decryptAndHash(try Self.take(size, from: &rest))
            guard MLKEM768KeyEncapsulation.passesModulusCheck(key) else { throw .unacceptableKey }
            remoteEncapsulationKey = key
        case .ekem1:
            let size = symmetric.sealedSize(MLKEM768KeyEncapsulation.ciphertextSize)
            let ciphertext = try symmetric.decryptAndHash(try Self.take(size, from: &rest))
            guard let seed = keys.encapsulationSeed,
                let shared = try? encapsulation.decapsulate(ciphertext, with: seed)
            else { throw .localMisuse }
            symmetric.mixKey(shared)
        case .ee, .es, .se, .ss, .psk:
            try mix(token)
        }
    }

    private static func take(
        _ count: Int, from rest: inout ArraySlice<UInt8>
    ) throws(NoiseError) -> ArraySlice<UInt8> {
        guard rest.count >= count else { throw .truncated }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    // MARK: Both

    /// Mixes in what both sides compute without sending anything.
    private mutating func mix(_ token: NoiseToken) throws(NoiseError) {
        if token == .psk {
            guard let key = preSharedKeys.popFirst() else { throw .localMisuse }
            symmetric.mixKeyAndHash(key)
            return
        }
        // The first letter names the initiator's key, the second the responder's.
        let usesOwnStatic =
            token == .ss || (side == .initiator ? token == .se : token == .es)
        let usesPeerStatic =
            token == .ss || (side == .initiator ? token == .es : token == .se)
        guard let own = usesOwnStatic ? keys.staticKey : keys.ephemeral,
            let peer = usesPeerStatic ? remoteStatic : remoteEphemeral
        else { throw .localMisuse }
        guard let shared = try? own.sharedSecret(with: peer) else { throw .unacceptableKey }
        symmetric.mixKey(shared)
    }
}

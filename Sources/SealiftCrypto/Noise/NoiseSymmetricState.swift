import SealiftBase

/// Noise's SymmetricState with its CipherState (Noise revision 34 §5.1, §5.2): the chaining key, the
/// running hash of everything sent, and the current key with its counter.
struct NoiseSymmetricState: Sendable {
    private let cipher: NoiseCipher
    private var chainingKey: SecretBytes
    /// h: the hash of the whole transcript so far, 32 bytes. Not secret.
    private(set) var handshakeHash: [UInt8]
    /// k: nil until the first key is mixed in; until then runs travel in clear.
    private var key: SecretBytes?
    /// n: counts the runs sealed or opened under `key`.
    private var counter: UInt64 = 0

    init(protocolName: String, cipher: NoiseCipher) {
        let name = Array(protocolName.utf8)
        handshakeHash =
            name.count <= 32
            ? name + [UInt8](repeating: 0, count: 32 - name.count)
            : SHA256Digest.hash(name).bytes
        chainingKey = SecretBytes(copying: handshakeHash)
        self.cipher = cipher
    }

    mutating func mixHash(_ bytes: some Collection<UInt8>) {
        handshakeHash = SHA256Digest.hash(handshakeHash + bytes).bytes
    }

    mutating func mixKey(_ input: SecretBytes) {
        let output = KeyDerivation.hkdf(input, salt: chainingKey, count: 64)
        chainingKey = output.slice(0..<32)
        key = output.slice(32..<64)
        counter = 0
    }

    /// MixKey of a public value: an ephemeral key in a psk handshake.
    mutating func mixKey(_ publicKey: [UInt8]) {
        mixKey(SecretBytes(copying: publicKey))
    }

    mutating func mixKeyAndHash(_ preSharedKey: SecretBytes) {
        let output = KeyDerivation.hkdf(preSharedKey, salt: chainingKey, count: 96)
        chainingKey = output.slice(0..<32)
        output.slice(32..<64).withUnsafeBytes { mixHash($0) }
        key = output.slice(64..<96)
        counter = 0
    }

    mutating func encryptAndHash(_ plaintext: [UInt8]) throws(NoiseError) -> [UInt8] {
        guard let key else {
            mixHash(plaintext)
            return plaintext
        }
        let sealed = cipher.seal(
            plaintext, key: key, counter: counter, associatedData: handshakeHash)
        guard let sealed else { throw .localMisuse }
        counter += 1
        mixHash(sealed)
        return sealed
    }

    mutating func decryptAndHash(_ sealed: ArraySlice<UInt8>) throws(NoiseError) -> [UInt8] {
        guard let key else {
            mixHash(sealed)
            return Array(sealed)
        }
        let plaintext = cipher.open(
            sealed, key: key, counter: counter, associatedData: handshakeHash)
        guard let plaintext else { throw .authenticationFailed }
        counter += 1
        mixHash(sealed)
        return plaintext
    }

    /// The size that `count` bytes have on the wire now.
    func sealedSize(_ count: Int) -> Int { key == nil ? count : count + 16 }

    /// Split (§5.2) with a third output, the exporter (PROTOCOL §4.3).
    func split() -> NoiseKeys {
        let output = KeyDerivation.hkdf(SecretBytes(copying: []), salt: chainingKey, count: 96)
        return NoiseKeys(
            initiatorToResponder: output.slice(0..<32), responderToInitiator: output.slice(32..<64),
            exporter: output.slice(64..<96), handshakeHash: handshakeHash)
    }
}

/// What a finished Noise handshake yields.
struct NoiseKeys: Sendable {
    /// k1 of Split; sealift does not use it.
    let initiatorToResponder: SecretBytes
    /// k2 of Split; sealift does not use it.
    let responderToInitiator: SecretBytes
    /// The third output, from which everything of a session comes.
    let exporter: SecretBytes
    /// h, the same at both ends only if both saw the same bytes.
    let handshakeHash: [UInt8]
}

import Crypto

/// An X25519 private key (RFC 7748) and what is computed with it.
struct AgreementKey: Sendable {
    /// Why an exchange gave nothing.
    enum Failure: Error, Equatable {
        /// The peer's key is non-canonical or of small order, or the result is all zeros.
        case unacceptablePublicKey
    }

    /// The 32 private bytes, unclamped as they were generated.
    let secret: SecretBytes
    /// The public key.
    let publicKey: [UInt8]

    /// The key of 32 private bytes; nil for another length.
    init?(_ secret: SecretBytes) {
        guard let key = Self.libraryKey(secret) else { return nil }
        self.secret = secret
        publicKey = Array(key.publicKey.rawRepresentation)
    }

    private init(secret: SecretBytes, publicKey: [UInt8]) {
        self.secret = secret
        self.publicKey = publicKey
    }

    /// A new key from `entropy`.
    static func generate(entropy: inout some EntropySource) -> AgreementKey {
        let secret = SecretBytes(count: 32, entropy: &entropy)
        // Any 32 bytes are an X25519 private key.
        guard let key = AgreementKey(secret) else { preconditionFailure("32 bytes are a key") }
        return key
    }

    /// The shared secret with `peer`.
    /// - Throws: ``Failure/unacceptablePublicKey``; see ``CurvePoint``.
    func sharedSecret(with peer: [UInt8]) throws(Failure) -> SecretBytes {
        guard CurvePoint.isAcceptableX25519(peer), let key = Self.libraryKey(secret),
            let peerKey = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: peer),
            let agreed = try? key.sharedSecretFromKeyAgreement(with: peerKey)
        else { throw .unacceptablePublicKey }
        let shared = agreed.withUnsafeBytes { SecretBytes(copying: $0) }
        let isZero = shared.constantTimeEquals(SecretBytes(count: 32) { _ in })
        guard !isZero else { throw .unacceptablePublicKey }
        return shared
    }

    private static func libraryKey(_ secret: SecretBytes) -> Curve25519.KeyAgreement.PrivateKey? {
        secret.withUnsafeBytes { try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: $0) }
    }
}

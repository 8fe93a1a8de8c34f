import Crypto

/// Ed25519 (RFC 8032), the half of a hybrid signature that stands on decades of study.
enum EdwardsSignature {
    /// The size of a public key: 32 bytes.
    static let publicKeyByteCount = 32
    /// The size of a signature: 64 bytes.
    static let byteCount = 64

    /// Whether `signature` is that of `publicKey` over `message`. False for any malformed input, for a
    /// key or a first half R that is not canonical or of small order (under such a key one signature
    /// fits many messages), and, by the library, for a second half S of the group's order or more.
    static func isValid(_ signature: [UInt8], of message: [UInt8], publicKey: [UInt8]) -> Bool {
        guard signature.count == byteCount, CurvePoint.isAcceptableEd25519(publicKey),
            CurvePoint.isAcceptableEd25519(Array(signature[..<32])),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
        else { return false }
        return key.isValidSignature(signature, for: message)
    }

    /// The public key of a 32-byte seed; nil for another size.
    static func publicKey(seed: SecretBytes) -> [UInt8]? {
        privateKey(seed).map { Array($0.publicKey.rawRepresentation) }
    }

    /// A signature over `message`; the public key is always the seed's own, never an argument
    /// (RUSTSEC-2022-0093). Nil only if the library fails.
    static func sign(_ message: [UInt8], seed: SecretBytes) -> [UInt8]? {
        guard let key = privateKey(seed), let signature = try? key.signature(for: message) else {
            return nil
        }
        return Array(signature)
    }

    private static func privateKey(_ seed: SecretBytes) -> Curve25519.Signing.PrivateKey? {
        seed.withUnsafeBytes { try? Curve25519.Signing.PrivateKey(rawRepresentation: $0) }
    }
}

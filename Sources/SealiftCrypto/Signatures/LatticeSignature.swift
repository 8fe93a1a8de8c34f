import Crypto

/// ML-DSA-65 (FIPS 204), the half of a hybrid signature that a quantum computer does not break.
///
/// Pure ML-DSA; sealift's own signatures have an empty context, because their label stands in the
/// message, in front of both halves alike.
enum LatticeSignature {
    /// The size of a public key: 1,952 bytes.
    static let publicKeyByteCount = 1_952
    /// The size of a signature: 3,309 bytes.
    static let byteCount = 3_309

    /// Whether `signature` is that of `publicKey` over `message`; false for any malformed input.
    static func isValid(
        _ signature: [UInt8], of message: [UInt8], context: [UInt8] = [], publicKey: [UInt8]
    ) -> Bool {
        guard publicKey.count == publicKeyByteCount, signature.count == byteCount,
            context.count <= 255,
            let key = try? MLDSA65.PublicKey(rawRepresentation: publicKey)
        else { return false }
        return context.isEmpty
            ? key.isValidSignature(signature, for: message)
            : key.isValidSignature(signature, for: message, context: context)
    }

    /// The public key of a 32-byte seed (ML-DSA.KeyGen_internal); nil for another size.
    static func publicKey(seed: SecretBytes) -> [UInt8]? {
        privateKey(seed).map { Array($0.publicKey.rawRepresentation) }
    }

    /// A signature over `message`. The library mixes entropy of its own into each (hedged signing), so
    /// two over the same message differ. Nil only if the library fails.
    static func sign(_ message: [UInt8], seed: SecretBytes) -> [UInt8]? {
        guard let key = privateKey(seed), let signature = try? key.signature(for: message) else {
            return nil
        }
        return Array(signature)
    }

    private static func privateKey(_ seed: SecretBytes) -> MLDSA65.PrivateKey? {
        guard seed.count == 32 else { return nil }
        return seed.withUnsafeBytes {
            try? MLDSA65.PrivateKey(seedRepresentation: $0, publicKey: nil)
        }
    }
}

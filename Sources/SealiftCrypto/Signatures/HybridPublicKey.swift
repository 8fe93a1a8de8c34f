public import SealiftBase

/// The public half of a ``HybridSigningKey``: an Ed25519 key and an ML-DSA-65 key that only count
/// together (`docs/PROTOCOL.md` §11.1).
///
///     Ed25519 public key (32) ‖ ML-DSA-65 public key (1,952)
public struct HybridPublicKey: Hashable, Sendable {
    /// The size on the wire and on disk: 1,984 bytes.
    public static let byteCount =
        EdwardsSignature.publicKeyByteCount + LatticeSignature.publicKeyByteCount

    static let scheme: StaticString = "sealift/1 hybrid signature"

    /// The bytes of both keys.
    public let bytes: [UInt8]
    /// SHA-256(`"sealift/1 root"` ‖ both keys): names the pair, so that neither can be exchanged.
    public let fingerprint: Hash256

    /// Copies both keys; nil for another number of bytes, and for an Ed25519 key that is not canonical
    /// or of small order.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount,
            CurvePoint.isAcceptableEd25519(Array(bytes.prefix(EdwardsSignature.publicKeyByteCount)))
        else { return nil }
        self.bytes = Array(bytes)
        fingerprint = SHA256Digest.hash(Array("sealift/1 root".utf8) + self.bytes)
    }

    /// Whether both halves of `signature` are this pair's, made over `message` for `label`.
    public func isValid(
        _ signature: HybridSignature, of message: [UInt8], for label: SignatureLabel
    ) -> Bool {
        let framed = label.framing(message, scheme: Self.scheme, signer: fingerprint.bytes)
        return EdwardsSignature.isValid(signature.edwards, of: framed, publicKey: edwards)
            && LatticeSignature.isValid(signature.lattice, of: framed, publicKey: lattice)
    }

    private var edwards: [UInt8] { Array(bytes[..<EdwardsSignature.publicKeyByteCount]) }
    private var lattice: [UInt8] { Array(bytes[EdwardsSignature.publicKeyByteCount...]) }
}

extension HybridPublicKey: CustomStringConvertible {
    /// The fingerprint.
    public var description: String { fingerprint.hexadecimal }
}

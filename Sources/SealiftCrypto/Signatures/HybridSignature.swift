/// A signature of two halves over the same message (`docs/PROTOCOL.md` §11.1): valid only if both are.
///
///     Ed25519 signature (64) ‖ ML-DSA-65 signature (3,309)
public struct HybridSignature: Hashable, Sendable {
    /// The size on the wire and on disk: 3,373 bytes.
    public static let byteCount = EdwardsSignature.byteCount + LatticeSignature.byteCount

    /// The bytes.
    public let bytes: [UInt8]

    /// Copies the bytes; nil for another number than 3,373. Whether it is anybody's is not asked here.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// The Ed25519 half.
    var edwards: [UInt8] { Array(bytes[..<EdwardsSignature.byteCount]) }
    /// The ML-DSA-65 half.
    var lattice: [UInt8] { Array(bytes[EdwardsSignature.byteCount...]) }
}

import SealiftBase

/// The private half of an identity's root: an Ed25519 and an ML-DSA-65 key, both made from one seed
/// (`docs/PROTOCOL.md` §11.1). It exists only while somebody's recovery words are typed in.
public struct HybridSigningKey: Sendable {
    /// The size of the seed: 32 bytes.
    public static let seedByteCount = 32

    /// The public half.
    public let publicKey: HybridPublicKey
    private let edwardsSeed: SecretBytes
    private let latticeSeed: SecretBytes

    /// The keys of `seed`:
    ///
    ///     Ed25519 seed   = HKDF(seed, "", "sealift/1 root ed25519", 32)
    ///     ML-DSA-65 seed = HKDF(seed, "", "sealift/1 root ml-dsa-65", 32)
    ///
    /// Nil for a seed that is not 32 bytes.
    public init?(seed: SecretBytes) {
        guard seed.count == Self.seedByteCount else { return nil }
        edwardsSeed = KeyDerivation.hkdf(
            seed, info: Array("sealift/1 root ed25519".utf8), count: 32)
        latticeSeed = KeyDerivation.hkdf(
            seed, info: Array("sealift/1 root ml-dsa-65".utf8), count: 32)
        guard let edwards = EdwardsSignature.publicKey(seed: edwardsSeed),
            let lattice = LatticeSignature.publicKey(seed: latticeSeed),
            let publicKey = HybridPublicKey(edwards + lattice)
        else { return nil }
        self.publicKey = publicKey
    }

    /// Signs `message` for `label` with both keys. Nil only if the library fails.
    public func sign(_ message: [UInt8], for label: SignatureLabel) -> HybridSignature? {
        let framed = label.framing(
            message, scheme: HybridPublicKey.scheme, signer: publicKey.fingerprint.bytes)
        guard let edwards = EdwardsSignature.sign(framed, seed: edwardsSeed),
            let lattice = LatticeSignature.sign(framed, seed: latticeSeed)
        else { return nil }
        return HybridSignature(edwards + lattice)
    }
}

extension HybridSigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    /// The public name only.
    public var description: String { "<secret keys of \(publicKey)>" }
    /// The public name only.
    public var debugDescription: String { description }
    /// No children: `dump` shows nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

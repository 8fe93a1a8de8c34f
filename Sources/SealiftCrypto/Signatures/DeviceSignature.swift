import SealiftBase

/// Signatures of one device, which has an Ed25519 key only, for a stated purpose: consents, later
/// checkpoints and receipts (`docs/PROTOCOL.md` §11.1).
///
/// A device's signature says who spoke in a session that ML-KEM already protected; it need not hold
/// against the quantum computers of its future the way a root's must.
private let deviceScheme: StaticString = "sealift/1 device signature"

extension DeviceKeyPair {
    /// Signs `message` for `label`: 64 bytes. Nil only if the library fails.
    public func sign(_ message: [UInt8], for label: SignatureLabel) -> [UInt8]? {
        sign(
            label.framing(message, scheme: deviceScheme, signer: publicKeys.id.value.bytes))
    }
}

extension DevicePublicKeys {
    /// Whether `signature` is this device's over `message` for `label`.
    public func isValidSignature(
        _ signature: [UInt8], of message: [UInt8], for label: SignatureLabel
    ) -> Bool {
        EdwardsSignature.isValid(
            signature,
            of: label.framing(message, scheme: deviceScheme, signer: id.value.bytes),
            publicKey: signing)
    }
}

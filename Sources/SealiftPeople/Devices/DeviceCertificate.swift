internal import SealiftBase
public import SealiftCrypto

/// A device's keys as its identity's root certifies them, and the device's own consent
/// (`docs/PROTOCOL.md` §11.3).
///
///     X25519 key (32) ‖ Ed25519 key (32) ‖ consent (64)
///
/// The consent is the device's signature over the identity and the generation that claim it: without it,
/// anybody could put somebody else's device into a chain of his own and pass its acts off as his.
public struct DeviceCertificate: Hashable, Sendable {
    /// The size: 128 bytes.
    public static let byteCount = 128
    private static let label = SignatureLabel("device consent")

    /// The device's public keys.
    public let keys: DevicePublicKeys
    private let consent: [UInt8]

    /// The device's name.
    public var device: DeviceID { keys.id }

    /// Made on the device: its consent to stand for `identity` in the chain of `generation`. Nil only if
    /// the library fails.
    public init?(consentOf device: DeviceKeyPair, to identity: IdentityID, generation: UInt64) {
        let message = Self.message(identity, generation, device.publicKeys)
        guard let consent = device.sign(message, for: Self.label) else { return nil }
        keys = device.publicKeys
        self.consent = consent
    }

    /// Whether the device consented to stand for `identity` in the chain of `generation`.
    public func isConsent(to identity: IdentityID, generation: UInt64) -> Bool {
        keys.isValidSignature(
            consent, of: Self.message(identity, generation, keys), for: Self.label)
    }

    private static func message(
        _ identity: IdentityID, _ generation: UInt64, _ keys: DevicePublicKeys
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: 104)
        writer.write(identity.value)
        writer.write(generation)
        writer.write(keys.agreement)
        writer.write(keys.signing)
        return writer.bytes
    }

    /// The bytes of the table above.
    public var encoded: [UInt8] { keys.agreement + keys.signing + consent }

    /// Reads ``encoded``; nil for another length or a key that must not be used.
    public init?(decoding bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount,
            let keys = DevicePublicKeys(
                agreement: Array(bytes[0..<32]), signing: Array(bytes[32..<64]))
        else { return nil }
        self.keys = keys
        consent = Array(bytes[64...])
    }
}

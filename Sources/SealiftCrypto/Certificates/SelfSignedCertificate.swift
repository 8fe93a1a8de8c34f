import Crypto
public import SealiftBase

/// The certificate that a rendezvous server makes for itself (X.509, RFC 5280): P-256, self-signed, the
/// same bytes up to the signature whenever it is made of the same key.
///
/// Clients pin its key (``keyPin``) and look at nothing else in it, so its names and dates are fixed.
public struct SelfSignedCertificate: Sendable {
    /// The size of ``secret``: 32 bytes.
    public static let secretByteCount = 32

    /// What the certificate follows from: the private scalar.
    public let secret: SecretBytes
    /// The certificate, DER.
    public let certificate: [UInt8]
    /// The private key, PEM (PKCS #8).
    public let privateKey: SecretBytes
    /// SHA-256 of the SubjectPublicKeyInfo, as in RFC 7469 §2.4: what clients pin.
    public let keyPin: Hash256

    /// The certificate of `secret`; nil if that is no private key of P-256, or the library fails.
    public init?(secret: SecretBytes) {
        guard secret.count == Self.secretByteCount,
            let key = secret.withUnsafeBytes({
                try? P256.Signing.PrivateKey(rawRepresentation: $0)
            })
        else { return nil }
        let publicKey = Array(key.publicKey.derRepresentation)
        let pin = SHA256Digest.hash(publicKey)
        let body = Self.body(publicKey: publicKey, serial: Array(pin.bytes.prefix(16)))
        guard let signature = try? key.signature(for: body) else { return nil }
        self.secret = secret
        certificate = DER.sequence(
            body + DER.sequence(DER.ecdsaWithSHA256)
                + DER.value(0x03, [0] + signature.derRepresentation))
        privateKey = SecretBytes(copying: Array(key.pemRepresentation.utf8))
        keyPin = pin
    }

    /// The certificate of a new key from `entropy`.
    public static func generate(entropy: inout some EntropySource) -> SelfSignedCertificate {
        while true {
            // Random bytes are no key with a chance of 2^-32.
            let secret = SecretBytes(count: secretByteCount, entropy: &entropy)
            if let made = SelfSignedCertificate(secret: secret) { return made }
        }
    }

    /// TBSCertificate, RFC 5280 §4.1.
    private static func body(publicKey: [UInt8], serial: [UInt8]) -> [UInt8] {
        let name = DER.sequence(
            DER.value(
                0x31,
                DER.sequence(
                    DER.commonName + DER.value(0x0C, Array("sealift rendezvous".utf8)))))
        // No well-defined end (RFC 5280 §4.1.2.5): the pin is what ends a server's identity.
        let validity = DER.sequence(
            DER.value(0x17, Array("250101000000Z".utf8))
                + DER.value(0x18, Array("99991231235959Z".utf8)))
        return DER.sequence(
            DER.value(0xA0, DER.value(0x02, [2]))
                // Positive, and never zero in front.
                + DER.value(0x02, [0x40 | serial[0] & 0x3F] + serial.dropFirst())
                + DER.sequence(DER.ecdsaWithSHA256) + name + validity + name + publicKey)
    }
}

/// As much of the distinguished encoding rules (X.690) as one certificate takes.
private enum DER {
    static let ecdsaWithSHA256: [UInt8] = [
        0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02,
    ]
    static let commonName: [UInt8] = [0x06, 0x03, 0x55, 0x04, 0x03]

    static func sequence(_ content: [UInt8]) -> [UInt8] { value(0x30, content) }

    static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        switch content.count {
        case ..<0x80: [tag, UInt8(content.count)] + content
        case ..<0x100: [tag, 0x81, UInt8(content.count)] + content
        default:
            [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
        }
    }
}

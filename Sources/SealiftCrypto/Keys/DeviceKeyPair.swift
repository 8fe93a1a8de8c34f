import Crypto

/// A device's two public keys.
public struct DevicePublicKeys: Hashable, Sendable {
    /// The X25519 key for the handshake, 32 bytes.
    public let agreement: [UInt8]
    /// The Ed25519 key for signatures, 32 bytes.
    public let signing: [UInt8]

    /// Takes both keys; nil if one is not 32 bytes, not canonical, or of small order
    /// (PROTOCOL §4.1 "Refused").
    public init?(agreement: [UInt8], signing: [UInt8]) {
        guard CurvePoint.isAcceptableX25519(agreement), CurvePoint.isAcceptableEd25519(signing)
        else { return nil }
        self.agreement = agreement
        self.signing = signing
    }

    /// The device's name.
    public var id: DeviceID { DeviceID(agreement: agreement, signing: signing) }

    /// Whether `signature` is this device's over `message` (Ed25519, RFC 8032).
    public func isValidSignature(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: signing) else {
            return false
        }
        return key.isValidSignature(signature, for: message)
    }
}

/// A device's private keys, made on it and never copied elsewhere.
public struct DeviceKeyPair: Sendable {
    /// Why stored keys could not be read.
    public enum DecodingError: Error, Equatable, Sendable {
        /// The encoding does not have 64 bytes, or holds no usable keys.
        case malformed
    }

    /// The size of ``secretEncoding``: 64 bytes.
    public static let secretEncodingSize = 64

    /// The public halves.
    public let publicKeys: DevicePublicKeys
    /// The X25519 key, as the Noise static key.
    let agreement: AgreementKey
    private let signingSeed: SecretBytes

    /// X25519 private key (32) ‖ Ed25519 seed (32). The file that holds it adds a version.
    public var secretEncoding: SecretBytes { agreement.secret.appending(signingSeed) }

    /// Reads what ``secretEncoding`` gave.
    /// - Throws: ``DecodingError/malformed``.
    public init(secretEncoding: SecretBytes) throws(DecodingError) {
        guard secretEncoding.count == Self.secretEncodingSize,
            let agreement = AgreementKey(secretEncoding.slice(0..<32))
        else { throw .malformed }
        let seed = secretEncoding.slice(32..<64)
        guard let signing = Self.signingKey(seed),
            let keys = DevicePublicKeys(
                agreement: agreement.publicKey, signing: Array(signing.publicKey.rawRepresentation))
        else { throw .malformed }
        self.agreement = agreement
        signingSeed = seed
        publicKeys = keys
    }

    /// New keys from `entropy`.
    public static func generate(entropy: inout some EntropySource) -> DeviceKeyPair {
        while true {
            // Random bytes give unusable keys with a chance of about 2^-250.
            let encoding = SecretBytes(count: secretEncodingSize, entropy: &entropy)
            if let keys = try? DeviceKeyPair(secretEncoding: encoding) { return keys }
        }
    }

    /// The Ed25519 signature over `message`, 64 bytes. The public key is always the pair's own, never
    /// an argument (RUSTSEC-2022-0093). Nil only if the library fails.
    public func sign(_ message: [UInt8]) -> [UInt8]? {
        guard let signature = try? Self.signingKey(signingSeed)?.signature(for: message) else {
            return nil
        }
        return Array(signature)
    }

    private static func signingKey(_ seed: SecretBytes) -> Curve25519.Signing.PrivateKey? {
        seed.withUnsafeBytes { try? Curve25519.Signing.PrivateKey(rawRepresentation: $0) }
    }
}

extension DeviceKeyPair: CustomStringConvertible {
    /// The public name only.
    public var description: String { "<secret keys of \(publicKeys.id.fingerprint)>" }
}

import Crypto

/// Why a key encapsulation gave nothing.
public enum KeyEncapsulationError: Error, Equatable, Sendable {
    /// The encapsulation key has a wrong size or fails the modulus check of FIPS 203 §7.2.
    case unacceptableEncapsulationKey
    /// The ciphertext has a wrong size.
    case unacceptableCiphertext
    /// The decapsulation key has a wrong size.
    case unacceptableDecapsulationKey
}

/// An encapsulation's two results.
public struct Encapsulation: Sendable {
    /// What travels to the key's owner, 1,088 bytes.
    public var ciphertext: [UInt8]
    /// What both then know, 32 bytes.
    public var sharedSecret: SecretBytes

    /// Joins the two results.
    public init(ciphertext: [UInt8], sharedSecret: SecretBytes) {
        self.ciphertext = ciphertext
        self.sharedSecret = sharedSecret
    }
}

/// The key encapsulation of the handshake, with the sizes of ML-KEM-768.
///
/// A protocol because the library has no public seeded encapsulation: the product uses
/// ``MLKEM768KeyEncapsulation``, the Noise vectors replay a recorded one, and the simulator has one
/// that follows from its seed.
public protocol KeyEncapsulation: Sendable {
    /// The encapsulation key, 1,184 bytes, of the key pair that follows from `seed`, 64 bytes
    /// (d ‖ z of FIPS 203). The seed is the private key.
    func encapsulationKey(of seed: SecretBytes) throws(KeyEncapsulationError) -> [UInt8]

    /// Makes a shared secret for the owner of `encapsulationKey`.
    func encapsulate(to encapsulationKey: [UInt8]) throws(KeyEncapsulationError) -> Encapsulation

    /// The shared secret in `ciphertext`. A forged ciphertext of the right size gives a secret that
    /// nobody knows, not an error (implicit rejection).
    func decapsulate(
        _ ciphertext: [UInt8], with seed: SecretBytes
    ) throws(KeyEncapsulationError) -> SecretBytes
}

/// ML-KEM-768 (FIPS 203) of swift-crypto.
public struct MLKEM768KeyEncapsulation: KeyEncapsulation {
    /// The size of a seed d ‖ z: 64 bytes.
    public static let seedSize = 64
    /// The size of an encapsulation key: 1,184 bytes.
    public static let encapsulationKeySize = 1184
    /// The size of a ciphertext: 1,088 bytes.
    public static let ciphertextSize = 1088

    /// Makes the value; it has no state.
    public init() {}

    /// Expands the seed; throws for a seed that is not 64 bytes.
    public func encapsulationKey(of seed: SecretBytes) throws(KeyEncapsulationError) -> [UInt8] {
        Array(try libraryKey(seed).publicKey.rawRepresentation)
    }

    /// Encapsulates with the system's randomness, after the modulus check.
    public func encapsulate(
        to encapsulationKey: [UInt8]
    ) throws(KeyEncapsulationError) -> Encapsulation {
        guard Self.passesModulusCheck(encapsulationKey),
            let key = try? MLKEM768.PublicKey(rawRepresentation: encapsulationKey),
            let result = try? key.encapsulate()
        else { throw .unacceptableEncapsulationKey }
        return Encapsulation(
            ciphertext: Array(result.encapsulated),
            sharedSecret: result.sharedSecret.withUnsafeBytes { SecretBytes(copying: $0) })
    }

    /// Decapsulates; throws for a ciphertext that is not 1,088 bytes.
    public func decapsulate(
        _ ciphertext: [UInt8], with seed: SecretBytes
    ) throws(KeyEncapsulationError) -> SecretBytes {
        guard ciphertext.count == Self.ciphertextSize,
            let shared = try? libraryKey(seed).decapsulate(ciphertext)
        else { throw .unacceptableCiphertext }
        return shared.withUnsafeBytes { SecretBytes(copying: $0) }
    }

    /// FIPS 203 §7.2: the size is right, and each of the 768 packed 12-bit coefficients before the
    /// 32-byte ρ is below q = 3,329.
    static func passesModulusCheck(_ key: [UInt8]) -> Bool {
        guard key.count == encapsulationKeySize else { return false }
        for offset in stride(from: 0, to: encapsulationKeySize - 32, by: 3) {
            let (low, middle, high) = (
                UInt16(key[offset]), UInt16(key[offset + 1]), UInt16(key[offset + 2])
            )
            guard low | (middle & 0x0F) << 8 < 3329, middle >> 4 | high << 4 < 3329 else {
                return false
            }
        }
        return true
    }

    private func libraryKey(
        _ seed: SecretBytes
    ) throws(KeyEncapsulationError) -> MLKEM768.PrivateKey {
        let key = seed.withUnsafeBytes {
            try? MLKEM768.PrivateKey(seedRepresentation: $0, publicKey: nil)
        }
        guard let key else { throw .unacceptableDecapsulationKey }
        return key
    }
}

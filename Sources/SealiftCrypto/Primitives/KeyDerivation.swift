import Crypto

/// Every HMAC and HKDF call of the module.
///
/// Keys stay in memory that is wiped: swift-crypto's `SymmetricKey` wipes its own, and results are
/// copied straight into ``SecretBytes``.
enum KeyDerivation {
    /// HKDF of RFC 5869 with SHA-256: extract with `salt`, then expand with `info` to `count` bytes.
    ///
    /// Noise's HKDF(ck, ikm, n) is the same function with salt = ck, an empty info and 32 n bytes:
    /// its temporary key is the extract step, its outputs are T(1) ‖ T(2) ‖ T(3).
    static func hkdf(
        _ inputKey: SecretBytes, salt: SecretBytes, info: [UInt8] = [], count: Int
    ) -> SecretBytes {
        // Extract is HMAC keyed by the salt; an empty salt equals 32 zero bytes, which is what HMAC
        // makes of an empty key.
        let pseudoRandomKey = SecretBytes(count: 32) { target in
            salt.withUnsafeBytes { saltBytes in
                var mac = HMAC<SHA256>(key: SymmetricKey(data: saltBytes))
                inputKey.withUnsafeBytes { mac.update(data: $0) }
                mac.finalize().withUnsafeBytes { target.copyMemory(from: $0) }
            }
        }
        let output = pseudoRandomKey.withUnsafeBytes {
            HKDF<SHA256>.expand(pseudoRandomKey: $0, info: info, outputByteCount: count)
        }
        return output.withUnsafeBytes { SecretBytes(copying: $0) }
    }

    /// HKDF with an empty salt and a label, as most derivations of `docs/PROTOCOL.md` are.
    static func hkdf(_ inputKey: SecretBytes, info: [UInt8], count: Int) -> SecretBytes {
        hkdf(inputKey, salt: SecretBytes(copying: []), info: info, count: count)
    }

    /// HMAC-SHA-256 of `message`, cut to its first 16 bytes: tags and datagram macs.
    static func shortMAC(_ key: SecretBytes, _ message: UnsafeRawBufferPointer) -> [UInt8] {
        key.withUnsafeBytes { keyBytes in
            var mac = HMAC<SHA256>(key: SymmetricKey(data: keyBytes))
            mac.update(data: message)
            return mac.finalize().withUnsafeBytes { Array($0.prefix(16)) }
        }
    }

    /// HMAC-SHA-512 of `message`, whole: the confirmations of a password exchange.
    static func wideMAC(_ key: SecretBytes, _ message: UnsafeRawBufferPointer) -> [UInt8] {
        key.withUnsafeBytes { keyBytes in
            var mac = HMAC<SHA512>(key: SymmetricKey(data: keyBytes))
            mac.update(data: message)
            return mac.finalize().withUnsafeBytes { Array($0) }
        }
    }
}

import Crypto
import FoundationEssentials
import SealiftBase

/// A secret of any length sealed under a key that lies somewhere safer (`docs/PROTOCOL.md` §12.5).
///
///     salt (32) ‖ commitment (32) ‖ AES-256-GCM(secret) ‖ tag (16)
///
/// Key and commitment are both parts of HKDF(key, salt): a fresh salt gives a fresh key, so the nonce may
/// be zero, and a box opens under one key only.
public enum SecretBox {
    private static let label = Array("sealift/1 secret box".utf8)
    private static let (saltSize, commitmentSize, tagSize) = (32, 32, 16)

    /// Seals `secret`; nil only if the library fails.
    /// - Parameter purpose: bound into the box, so that no box can stand in another's place.
    public static func seal(
        _ secret: SecretBytes, key: SecretBytes, purpose: [UInt8],
        entropy: inout some EntropySource
    ) -> [UInt8]? {
        let salt = entropy.bytes(saltSize)
        let keys = derive(key, salt)
        let sealed = secret.withUnsafeBytes { bytes in
            try? AES.GCM.seal(
                bytes, using: boxKey(keys), nonce: zeroNonce(), authenticating: purpose)
        }
        guard let sealed else { return nil }
        return salt + commitment(keys) + sealed.ciphertext + sealed.tag
    }

    /// The secret in `box`; nil where it was not sealed under `key` for `purpose`, or was altered.
    public static func open(_ box: [UInt8], key: SecretBytes, purpose: [UInt8]) -> SecretBytes? {
        guard box.count >= saltSize + commitmentSize + tagSize else { return nil }
        let keys = derive(key, Array(box[..<saltSize]))
        let stated = Array(box[saltSize..<(saltSize + commitmentSize)])
        let isCommitted = stated.withUnsafeBytes { stated in
            commitment(keys).withUnsafeBytes { constantTimeEquals($0, stated) }
        }
        let body = box.dropFirst(saltSize + commitmentSize)
        guard isCommitted,
            let sealed = try? AES.GCM.SealedBox(
                nonce: zeroNonce(), ciphertext: body.dropLast(tagSize),
                tag: body.suffix(tagSize)),
            var opened = try? AES.GCM.open(sealed, using: boxKey(keys), authenticating: purpose)
        else { return nil }
        return opened.withUnsafeMutableBytes { bytes in
            defer { wipe(bytes) }
            return SecretBytes(copying: UnsafeRawBufferPointer(bytes))
        }
    }

    private static func derive(_ key: SecretBytes, _ salt: [UInt8]) -> SecretBytes {
        KeyDerivation.hkdf(key, salt: SecretBytes(copying: salt), info: label, count: 64)
    }

    private static func boxKey(_ keys: SecretBytes) -> SymmetricKey {
        keys.slice(0..<32).withUnsafeBytes { SymmetricKey(data: $0) }
    }

    private static func commitment(_ keys: SecretBytes) -> [UInt8] {
        keys.withUnsafeBytes { Array($0[32...]) }
    }

    private static func zeroNonce() throws -> AES.GCM.Nonce {
        try AES.GCM.Nonce(data: [UInt8](repeating: 0, count: 12))
    }
}

import Crypto
import CryptoExtras
import FoundationEssentials
import SealiftBase

/// A secret sealed under a passphrase (`docs/PROTOCOL.md` §12.5).
///
///     "SLP1" ‖ u8 log2 N ‖ salt (16) ‖ commitment (32) ‖ AES-256-GCM(secret) ‖ tag (16)
///
/// scrypt (RFC 7914, r = 8, p = 1) makes 64 bytes of the passphrase: the key, and the commitment to it.
/// GCM alone does not bind a box to one key: somebody who prepares a box may make it open under many
/// passphrases, and so try many at once. The commitment, another part of the same output, is compared
/// first. The salt is fresh for every box, so is the key, and the nonce may be zero.
public enum PassphraseBox {
    /// How hard a guess is made.
    public enum Cost: UInt8, Sendable {
        /// 2^17: 128 MiB and about half a second a guess.
        case standard = 17
        /// 2^12: for tests only.
        case test = 12
    }

    private static let magic = Array("SLP1".utf8)
    private static let label = Array("sealift/1 passphrase box".utf8)
    private static let (saltSize, commitmentSize, tagSize) = (16, 32, 16)
    private static var headerSize: Int { magic.count + 1 + saltSize }
    /// A file that claims more than 1 GiB of work is refused before the work.
    private static let allowedCosts: ClosedRange<UInt8> = 12...20

    /// Seals `secret` under `passphrase`. Takes as long as a guess; nil only if the library fails.
    public static func seal(
        _ secret: SecretBytes, passphrase: SecretBytes, cost: Cost = .standard,
        entropy: inout some EntropySource
    ) -> [UInt8]? {
        let header = magic + [cost.rawValue] + entropy.bytes(saltSize)
        guard let keys = derive(passphrase, header: header) else { return nil }
        let sealed = secret.withUnsafeBytes { bytes in
            try? AES.GCM.seal(
                bytes, using: key(keys), nonce: zeroNonce(), authenticating: label + header)
        }
        guard let sealed else { return nil }
        return header + commitment(keys) + sealed.ciphertext + sealed.tag
    }

    /// The secret in `box`; nil where the passphrase is another, or the box was altered.
    public static func open(_ box: [UInt8], passphrase: SecretBytes) -> SecretBytes? {
        guard box.count >= headerSize + commitmentSize + tagSize, box.starts(with: magic),
            allowedCosts.contains(box[magic.count])
        else { return nil }
        let header = Array(box[..<headerSize])
        guard let keys = derive(passphrase, header: header) else { return nil }
        let body = box.dropFirst(headerSize + commitmentSize)
        let stated = Array(box[headerSize..<(headerSize + commitmentSize)])
        let isCommitted = stated.withUnsafeBytes { stated in
            commitment(keys).withUnsafeBytes { constantTimeEquals($0, stated) }
        }
        guard isCommitted,
            let sealed = try? AES.GCM.SealedBox(
                nonce: zeroNonce(), ciphertext: body.dropLast(tagSize),
                tag: body.suffix(tagSize)),
            var opened = try? AES.GCM.open(
                sealed, using: key(keys), authenticating: label + header)
        else { return nil }
        return opened.withUnsafeMutableBytes { bytes in
            defer { wipe(bytes) }
            return SecretBytes(copying: UnsafeRawBufferPointer(bytes))
        }
    }

    private static func derive(_ passphrase: SecretBytes, header: [UInt8]) -> SecretBytes? {
        let output = passphrase.withUnsafeBytes { bytes in
            try? KDF.Scrypt.deriveKey(
                from: bytes, salt: Array(header.suffix(saltSize)), outputByteCount: 64,
                rounds: 1 << Int(header[magic.count]), blockSize: 8, parallelism: 1)
        }
        return output?.withUnsafeBytes { SecretBytes(copying: $0) }
    }

    private static func key(_ keys: SecretBytes) -> SymmetricKey {
        keys.slice(0..<32).withUnsafeBytes { SymmetricKey(data: $0) }
    }

    private static func commitment(_ keys: SecretBytes) -> [UInt8] {
        keys.withUnsafeBytes { Array($0[32...]) }
    }

    private static func zeroNonce() throws -> AES.GCM.Nonce {
        try AES.GCM.Nonce(data: [UInt8](repeating: 0, count: 12))
    }
}

import Crypto
import SealiftBase

/// A message of any length up to ``capacity`` in a box that always has the same size, sealed under a
/// key of its own (`docs/PROTOCOL.md` §10.5): what a rendezvous server is given to pass on.
///
///     salt (32) ‖ AES-256-GCM(u16 length ‖ message ‖ zeros) (4,048) ‖ tag (16)
///
/// The key of each box is HKDF(box key, salt): a fresh salt gives a fresh key, so the nonce may be
/// zero and nobody has to count. The server sees neither length nor kind, and no two boxes alike.
public enum SealedBox {
    /// The size of every box: 4,096 bytes.
    public static let byteCount = 4_096
    /// The longest message: 4,046 bytes.
    public static let capacity = byteCount - saltByteCount - tagByteCount - 2

    private static let saltByteCount = 32
    private static let tagByteCount = 16
    private static let label = Array("sealift/1 box".utf8)

    /// Seals `message` under `key` with a fresh salt from `entropy`; nil where it is longer than
    /// ``capacity``.
    /// - Parameter purpose: bound into the box, the same at both ends.
    public static func seal(
        _ message: [UInt8], key: SecretBytes, purpose: [UInt8], entropy: inout some EntropySource
    ) -> [UInt8]? {
        guard message.count <= capacity else { return nil }
        let salt = entropy.bytes(saltByteCount)
        var plaintext = ByteWriter(capacity: capacity + 2)
        plaintext.write(UInt16(message.count))
        plaintext.write(message)
        plaintext.writeZeros(capacity - message.count)
        guard
            let sealed = try? AES.GCM.seal(
                plaintext.bytes, using: boxKey(key, salt), nonce: zeroNonce(),
                authenticating: purpose)
        else { return nil }
        return salt + sealed.ciphertext + sealed.tag
    }

    /// The message in `box`; nil where it was not sealed under `key` for `purpose`, or was altered.
    public static func open(_ box: [UInt8], key: SecretBytes, purpose: [UInt8]) -> [UInt8]? {
        guard box.count == byteCount else { return nil }
        let salt = Array(box[..<saltByteCount])
        let body = box[saltByteCount..<(byteCount - tagByteCount)]
        guard
            let sealed = try? AES.GCM.SealedBox(
                nonce: zeroNonce(), ciphertext: body, tag: box.suffix(tagByteCount)),
            let opened = try? AES.GCM.open(
                sealed, using: boxKey(key, salt), authenticating: purpose)
        else { return nil }
        let plaintext = Array(opened)
        let length = Int(plaintext[0]) << 8 | Int(plaintext[1])
        guard length <= capacity else { return nil }
        return Array(plaintext[2..<(2 + length)])
    }

    private static func zeroNonce() throws -> AES.GCM.Nonce {
        try AES.GCM.Nonce(data: [UInt8](repeating: 0, count: 12))
    }

    private static func boxKey(_ key: SecretBytes, _ salt: [UInt8]) -> SymmetricKey {
        KeyDerivation.hkdf(key, salt: SecretBytes(copying: salt), info: label, count: 32)
            .withUnsafeBytes { SymmetricKey(data: $0) }
    }
}

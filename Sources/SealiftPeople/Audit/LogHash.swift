public import SealiftBase
import SealiftCrypto

/// The hashes of a tree log (RFC 9162 §2.1.1). A leaf and an inner node begin with different bytes, so
/// that no node can be passed off as an entry.
public enum LogHash {
    /// The root of a log without entries: SHA-256 of nothing.
    public static let empty = SHA256Digest.hash([])

    /// The hash of an entry: SHA-256(0x00 ‖ entry).
    public static func leaf(_ entry: [UInt8]) -> Hash256 {
        SHA256Digest.hash([0x00] + entry)
    }

    /// The hash of a node over its two halves: SHA-256(0x01 ‖ left ‖ right).
    public static func node(_ left: Hash256, _ right: Hash256) -> Hash256 {
        var bytes = ByteWriter(capacity: 1 + 2 * Hash256.byteCount)
        bytes.write(UInt8(0x01))
        bytes.write(left)
        bytes.write(right)
        return SHA256Digest.hash(bytes.bytes)
    }
}

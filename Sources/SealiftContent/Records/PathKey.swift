import SealiftBase
import SealiftCrypto

/// A listed path as records on disk name it: SHA-256(`"sealift/1 path"` ‖ path)[..16]
/// (PROTOCOL §9.7).
///
/// Unlike a ``StagingKey`` it stays the same when the file at the path changes.
public struct PathKey: Hashable, Sendable {
    /// Bytes of a key.
    public static let byteCount = 16

    /// The first eight bytes: enough to sort and search by.
    public let prefix: UInt64
    private let suffix: UInt64

    /// The key of `path`.
    public init(_ path: EntryPath) {
        var writer = ByteWriter(capacity: path.bytes.count + 16)
        writer.write("sealift/1 path".utf8)
        writer.write(path.bytes)
        let digest = SHA256Digest.hash(writer.bytes).bytes
        prefix = Self.word(digest[..<8])
        suffix = Self.word(digest[8..<16])
    }

    init(_ reader: inout ByteReader) throws(ByteReader.Failure) {
        prefix = try reader.readUInt64()
        suffix = try reader.readUInt64()
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Appends the 16 bytes.
    func write(to writer: inout ByteWriter) {
        writer.write(prefix)
        writer.write(suffix)
    }
}

import SealiftBase
import SealiftCrypto

/// The name of a file's staged data and journal, within a folder per sender device (PROTOCOL §9).
///
/// Made of what the listing says of the file and of nothing else, so that a new ticket for the same
/// content goes on where the last one stopped: SHA-256(`"sealift/1 staging"` ‖ path ‖ u8 0 ‖
/// u64 size ‖ u64 seconds ‖ u32 nanoseconds)[..16].
public struct StagingKey: Hashable, Sendable {
    /// Bytes of a key.
    public static let byteCount = 16

    /// The 16 bytes.
    public let bytes: [UInt8]

    /// The key of `file`, listed at `path`.
    public init(path: EntryPath, file: FileEntry) {
        var writer = ByteWriter(capacity: path.bytes.count + 40)
        writer.write("sealift/1 staging".utf8)
        writer.write(path.bytes)
        writer.write(UInt8(0))
        writer.write(file.size)
        writer.write(UInt64(bitPattern: file.modificationTime.seconds))
        writer.write(file.modificationTime.nanoseconds)
        bytes = Array(SHA256Digest.hash(writer.bytes).bytes.prefix(Self.byteCount))
    }

    /// Takes 16 bytes as they stand in a journal; nil for another number.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// 32 lower-case hexadecimal digits: the file name.
    public var hexadecimal: String { Hexadecimal.encode(bytes) }

    /// The 32 digits and `ending` behind them, as bytes: made for every file that is staged or placed.
    public func fileName(ending: StaticString) -> [UInt8] {
        var name: [UInt8] = []
        name.reserveCapacity(2 * Self.byteCount + ending.utf8CodeUnitCount)
        for byte in bytes {
            name.append(Self.digit(byte >> 4))
            name.append(Self.digit(byte & 15))
        }
        ending.withUTF8Buffer { name.append(contentsOf: $0) }
        return name
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension StagingKey: CustomStringConvertible {
    /// The value in a form that is safe to print.
    public var description: String { hexadecimal }
}

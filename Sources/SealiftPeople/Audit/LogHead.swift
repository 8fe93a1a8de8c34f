public import SealiftBase
public import SealiftCrypto

/// The name of a log: 16 random bytes, made with it. A new log on the same machine has another.
public struct LogID: Hashable, Sendable, CustomStringConvertible {
    /// The size of a name: 16 bytes.
    public static let byteCount = 16

    /// The 16 bytes.
    public let bytes: [UInt8]

    /// Takes 16 bytes; nil for another number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// A new name.
    public init(entropy: inout some EntropySource) {
        bytes = entropy.bytes(Self.byteCount)
    }

    /// The 32 hexadecimal digits.
    public var description: String { Hexadecimal.encode(bytes) }
}

/// Where a log stands: which one it is, how many entries it has, and the root over them. Who keeps a
/// head finds out later whether anything before it was changed.
public struct LogHead: Hashable, Sendable {
    /// The size of an encoding: 56 bytes.
    public static let byteCount = LogID.byteCount + 8 + Hash256.byteCount

    /// Which log.
    public var log: LogID
    /// How many entries.
    public var size: UInt64
    /// The root over them.
    public var root: Hash256

    /// Names a state of a log.
    public init(log: LogID, size: UInt64, root: Hash256) {
        self.log = log
        self.size = size
        self.root = root
    }
}

extension ByteReader {
    /// Reads a log's head: id (16) ‖ u64 size ‖ root (32).
    mutating func readLogHead() throws(Failure) -> LogHead {
        guard let log = LogID(try readBytes(count: LogID.byteCount)) else { throw .truncated }
        return LogHead(log: log, size: try readUInt64(), root: try readHash())
    }
}

extension ByteWriter {
    /// Appends what ``ByteReader/readLogHead()`` reads.
    mutating func write(_ head: LogHead) {
        write(head.log.bytes)
        write(head.size)
        write(head.root)
    }
}

import SealiftBase

/// When a file was last changed, as its file system says, to the nanosecond.
public struct ModificationTime: Hashable, Sendable {
    /// Whole seconds since 1970-01-01 UTC; any value, negative ones included.
    public let seconds: Int64

    /// Nanoseconds behind `seconds`, below 10^9.
    public let nanoseconds: UInt32

    /// Makes the time; nil for 10^9 nanoseconds or more.
    public init?(seconds: Int64, nanoseconds: UInt32) {
        guard nanoseconds < 1_000_000_000 else { return nil }
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    private init(seconds: Int64) {
        self.seconds = seconds
        self.nanoseconds = 0
    }

    /// 1970-01-01 UTC.
    public static let epoch = ModificationTime(seconds: 0)

    /// Reads the 12 bytes that stand for a time on disk: u64 seconds ‖ u32 nanoseconds.
    init(_ reader: inout ByteReader) throws(ByteReader.Failure) {
        seconds = Int64(bitPattern: try reader.readUInt64())
        nanoseconds = try reader.readUInt32()
        guard nanoseconds < 1_000_000_000 else { throw .outOfBounds }
    }

    /// Appends the 12 bytes.
    func write(to writer: inout ByteWriter) {
        writer.write(UInt64(bitPattern: seconds))
        writer.write(nanoseconds)
    }
}

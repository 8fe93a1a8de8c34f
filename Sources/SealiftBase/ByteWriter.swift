/// Appends integers and byte runs to an array it owns: for messages, records and files.
///
/// The packet path writes into a buffer of its own instead: see ``BufferWriter``.
public struct ByteWriter: Sendable {
    /// What was written so far.
    public private(set) var bytes: [UInt8] = []

    /// Makes an empty writer with room for `capacity` bytes.
    public init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// Bytes written so far.
    public var count: Int { bytes.count }

    /// Appends one byte.
    public mutating func write(_ value: UInt8) {
        bytes.append(value)
    }

    /// Appends a 16-bit integer, big-endian.
    public mutating func write(_ value: UInt16) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends a 32-bit integer, big-endian.
    public mutating func write(_ value: UInt32) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends a 64-bit integer, big-endian.
    public mutating func write(_ value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends bytes as they are.
    public mutating func write(_ run: some Sequence<UInt8>) {
        bytes.append(contentsOf: run)
    }

    /// Appends a variable-length integer in its shortest form (RFC 9000 §16).
    /// - Precondition: `value` is below 2^62.
    public mutating func writeVariableLengthInteger(_ value: UInt64) {
        switch VariableLengthInteger.size(of: value) {
        case 1: write(UInt8(value))
        case 2: write(UInt16(value) | 0x4000)
        case 4: write(UInt32(value) | 0x8000_0000)
        default: write(value | 0xC000_0000_0000_0000)
        }
    }

    /// Appends the length of `run` as a variable-length integer, then `run`.
    public mutating func writeLengthPrefixed(_ run: some Collection<UInt8>) {
        writeVariableLengthInteger(UInt64(run.count))
        write(run)
    }

    /// Appends `count` zero bytes.
    public mutating func writeZeros(_ count: Int) {
        bytes.append(contentsOf: repeatElement(0, count: count))
    }
}

/// Writes integers and byte runs into a borrowed buffer of fixed size: for the packet path, where
/// nothing may be allocated.
///
/// The caller asks ``remaining`` before it writes; writing past the end is a programming error and
/// traps. No length from a peer ever decides what is written here.
public struct BufferWriter {
    // The pointers' own bounds checks exist in debug builds only, so each write has one of its own.
    private static var overrun: String { "written past the end of the buffer" }

    private let base: UnsafeMutableRawBufferPointer
    /// Bytes written so far.
    public private(set) var count = 0

    /// Makes a writer at the start of `buffer`.
    public init(_ buffer: UnsafeMutableRawBufferPointer) {
        base = buffer
    }

    /// Room left, in bytes.
    public var remaining: Int { base.count - count }

    /// Writes one byte.
    public mutating func write(_ value: UInt8) {
        precondition(remaining >= 1, Self.overrun)
        base[count] = value
        count += 1
    }

    /// Writes a 16-bit integer, big-endian.
    public mutating func write(_ value: UInt16) {
        precondition(remaining >= 2, Self.overrun)
        base.storeBytes(of: value.bigEndian, toByteOffset: count, as: UInt16.self)
        count += 2
    }

    /// Writes a 32-bit integer, big-endian.
    public mutating func write(_ value: UInt32) {
        precondition(remaining >= 4, Self.overrun)
        base.storeBytes(of: value.bigEndian, toByteOffset: count, as: UInt32.self)
        count += 4
    }

    /// Writes a 64-bit integer, big-endian.
    public mutating func write(_ value: UInt64) {
        precondition(remaining >= 8, Self.overrun)
        base.storeBytes(of: value.bigEndian, toByteOffset: count, as: UInt64.self)
        count += 8
    }

    /// Writes a run of bytes.
    public mutating func write(_ run: UnsafeRawBufferPointer) {
        precondition(remaining >= run.count, Self.overrun)
        guard run.count > 0 else { return }
        UnsafeMutableRawBufferPointer(rebasing: base[count..<(count + run.count)])
            .copyMemory(from: run)
        count += run.count
    }

    /// Writes a variable-length integer in its shortest form (RFC 9000 §16).
    /// - Precondition: `value` is below 2^62.
    public mutating func writeVariableLengthInteger(_ value: UInt64) {
        switch VariableLengthInteger.size(of: value) {
        case 1: write(UInt8(value))
        case 2: write(UInt16(value) | 0x4000)
        case 4: write(UInt32(value) | 0x8000_0000)
        default: write(value | 0xC000_0000_0000_0000)
        }
    }

    /// Writes `value` in the two-byte form, so that a length can be filled in after its content.
    /// - Precondition: `value` is below 2^14, and `position` was written before.
    public mutating func overwriteTwoByteVariableLengthInteger(_ value: Int, at position: Int) {
        precondition(value >= 0 && value < 1 << 14 && position + 2 <= count)
        base.storeBytes(
            of: (UInt16(value) | 0x4000).bigEndian, toByteOffset: position, as: UInt16.self)
    }
}

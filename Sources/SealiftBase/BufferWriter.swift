/// Writes integers and byte runs into a borrowed buffer of fixed size: for the packet path, where
/// nothing may be allocated.
///
/// The caller asks ``remaining`` before it writes; writing past the end is a programming error and
/// traps. No length from a peer ever decides what is written here.
public struct BufferWriter {
    // Inlinable throughout: other modules write every packet through this. The pointers' own bounds
    // checks exist in debug builds only, so each write has one of its own.
    @usableFromInline let base: UnsafeMutableRawBufferPointer
    /// At most `base.count`: only writes move it, and each claims its room first.
    @usableFromInline var written = 0

    /// Bytes written so far.
    @inlinable public var count: Int { written }

    /// Makes a writer at the start of `buffer`.
    @inlinable
    public init(_ buffer: UnsafeMutableRawBufferPointer) {
        base = buffer
    }

    /// Room left, in bytes.
    @inlinable public var remaining: Int { base.count - written }

    @inlinable
    func claim(_ size: Int) {
        precondition(remaining >= size, "written past the end of the buffer")
    }

    /// Writes one byte.
    @inlinable
    public mutating func write(_ value: UInt8) {
        claim(1)
        base[written] = value
        written += 1
    }

    /// Writes a 16-bit integer, big-endian.
    @inlinable
    public mutating func write(_ value: UInt16) {
        claim(2)
        base.storeBytes(of: value.bigEndian, toByteOffset: written, as: UInt16.self)
        written += 2
    }

    /// Writes a 32-bit integer, big-endian.
    @inlinable
    public mutating func write(_ value: UInt32) {
        claim(4)
        base.storeBytes(of: value.bigEndian, toByteOffset: written, as: UInt32.self)
        written += 4
    }

    /// Writes a 64-bit integer, big-endian.
    @inlinable
    public mutating func write(_ value: UInt64) {
        claim(8)
        base.storeBytes(of: value.bigEndian, toByteOffset: written, as: UInt64.self)
        written += 8
    }

    /// Writes a run of bytes.
    @inlinable
    public mutating func write(_ run: UnsafeRawBufferPointer) {
        claim(run.count)
        guard run.count > 0 else { return }
        UnsafeMutableRawBufferPointer(rebasing: base[written..<(written + run.count)])
            .copyMemory(from: run)
        written += run.count
    }

    /// Writes a variable-length integer in its shortest form (RFC 9000 §16).
    /// - Precondition: `value` is below 2^62.
    @inlinable
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
    @inlinable
    public mutating func overwriteTwoByteVariableLengthInteger(_ value: Int, at position: Int) {
        precondition(value >= 0 && value < 1 << 14 && position + 2 <= written)
        base.storeBytes(
            of: (UInt16(value) | 0x4000).bigEndian, toByteOffset: position, as: UInt16.self)
    }
}

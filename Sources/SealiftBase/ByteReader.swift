/// Reads integers and byte runs from the front of a borrowed buffer, and never past its end.
///
/// Everything that comes from a peer or from disk is read through this type: each read either
/// returns or throws, none traps, none allocates more than the bytes that are there. Integers are
/// big-endian; variable-length integers follow RFC 9000 §16 (`docs/PROTOCOL.md` "Notation").
///
/// The reader borrows: it must not outlive the closure that handed out the buffer.
public struct ByteReader {
    /// Why a read failed. There is one reason: the bytes ended, or broke a stated bound.
    public enum Failure: Error, Equatable, Sendable {
        /// Fewer bytes were left than the read needs.
        case truncated
        /// A length or count was larger than the reader's caller allows.
        case outOfBounds
    }

    // Inlinable throughout: other modules read every packet through this.
    @usableFromInline let base: UnsafeRawBufferPointer
    /// At most `base.count`: only reads move it, and each checks first. In a release build nothing else
    /// keeps them within the buffer.
    @usableFromInline var consumed = 0

    /// Bytes consumed so far.
    @inlinable public var offset: Int { consumed }

    /// Makes a reader at the start of `bytes`.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        base = bytes
    }

    /// Bytes not read yet.
    @inlinable public var remaining: Int { base.count - consumed }

    /// Whether every byte was read.
    @inlinable public var isAtEnd: Bool { consumed == base.count }

    /// The first byte not read yet, or nil at the end.
    @inlinable public var peekedByte: UInt8? { isAtEnd ? nil : base[consumed] }

    /// Passes over bytes that are zero.
    @inlinable
    public mutating func skipZeros() {
        while consumed < base.count, base[consumed] == 0 { consumed += 1 }
    }

    /// Reads one byte.
    /// - Throws: ``Failure/truncated``.
    @inlinable
    public mutating func readUInt8() throws(Failure) -> UInt8 {
        guard remaining >= 1 else { throw .truncated }
        defer { consumed += 1 }
        return base[consumed]
    }

    /// Reads a big-endian 16-bit integer.
    /// - Throws: ``Failure/truncated``.
    @inlinable
    public mutating func readUInt16() throws(Failure) -> UInt16 {
        guard remaining >= 2 else { throw .truncated }
        defer { consumed += 2 }
        return UInt16(bigEndian: base.loadUnaligned(fromByteOffset: consumed, as: UInt16.self))
    }

    /// Reads a big-endian 32-bit integer.
    /// - Throws: ``Failure/truncated``.
    @inlinable
    public mutating func readUInt32() throws(Failure) -> UInt32 {
        guard remaining >= 4 else { throw .truncated }
        defer { consumed += 4 }
        return UInt32(bigEndian: base.loadUnaligned(fromByteOffset: consumed, as: UInt32.self))
    }

    /// Reads a big-endian 64-bit integer.
    /// - Throws: ``Failure/truncated``.
    @inlinable
    public mutating func readUInt64() throws(Failure) -> UInt64 {
        guard remaining >= 8 else { throw .truncated }
        defer { consumed += 8 }
        return UInt64(bigEndian: base.loadUnaligned(fromByteOffset: consumed, as: UInt64.self))
    }

    /// Reads a variable-length integer, 0 to 2^62 − 1, in any of its encodings (RFC 9000 §16).
    /// - Throws: ``Failure/truncated``.
    @inlinable
    public mutating func readVariableLengthInteger() throws(Failure) -> UInt64 {
        guard let first = peekedByte else { throw .truncated }
        switch first >> 6 {
        case 0: return UInt64(try readUInt8())
        case 1: return UInt64(try readUInt16() & 0x3FFF)
        case 2: return UInt64(try readUInt32() & 0x3FFF_FFFF)
        default: return try readUInt64() & 0x3FFF_FFFF_FFFF_FFFF
        }
    }

    /// Reads a variable-length integer that may be at most `bound`.
    /// - Throws: ``Failure/truncated``, or ``Failure/outOfBounds`` above `bound`.
    @inlinable
    public mutating func readVariableLengthInteger(atMost bound: UInt64) throws(Failure) -> UInt64 {
        let value = try readVariableLengthInteger()
        guard value <= bound else { throw .outOfBounds }
        return value
    }

    /// Reads the next `count` bytes without copying them.
    /// - Throws: ``Failure/truncated``; ``Failure/outOfBounds`` for a negative count.
    @inlinable
    public mutating func readBytes(count: Int) throws(Failure) -> UnsafeRawBufferPointer {
        guard count >= 0 else { throw .outOfBounds }
        guard count <= remaining else { throw .truncated }
        defer { consumed += count }
        return UnsafeRawBufferPointer(rebasing: base[consumed..<(consumed + count)])
    }

    /// Reads the next `count` bytes into an array.
    /// - Throws: as ``readBytes(count:)``; nothing is allocated before the count is checked.
    @inlinable
    public mutating func readArray(count: Int) throws(Failure) -> [UInt8] {
        Array(try readBytes(count: count))
    }

    /// Reads a run that is preceded by its length as a variable-length integer.
    /// - Throws: ``Failure/truncated``, or ``Failure/outOfBounds`` for a length above `bound`.
    @inlinable
    public mutating func readLengthPrefixedBytes(
        atMost bound: Int
    ) throws(Failure) -> UnsafeRawBufferPointer {
        let length = try readVariableLengthInteger(atMost: UInt64(bound))
        return try readBytes(count: Int(length))
    }

    /// Reads everything that is left.
    @inlinable
    public mutating func readRemaining() -> UnsafeRawBufferPointer {
        defer { consumed = base.count }
        return UnsafeRawBufferPointer(rebasing: base[consumed...])
    }
}

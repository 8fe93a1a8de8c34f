import CCacheHints

/// One object's bytes in memory that does not move: read once from disk or filled from packets,
/// then hashed, sealed or written from the same place, with no copy between.
///
/// Owned by one stage at a time and handed over whole (reader → packetiser, reassembly → writer).
public final class ObjectBuffer: @unchecked Sendable {
    // @unchecked Sendable: the memory has no lock. It is sound because a buffer has one owner at a
    // time; every hand-over goes through a queue or a return value, which orders the accesses, and
    // the giver does not touch it again.

    /// The memory; `count` bytes, uninitialised until filled.
    public let bytes: UnsafeMutableRawBufferPointer

    /// Allocates `count` bytes, aligned for direct reads and vector hashing.
    public init(count: Int) {
        bytes = .allocate(byteCount: count, alignment: 64)
    }

    /// Allocates a copy of `content`.
    public convenience init(copying content: some Collection<UInt8>) {
        self.init(count: content.count)
        bytes.copyBytes(from: content)
    }

    deinit {
        bytes.deallocate()
    }

    /// Has the processor fetch the bytes of `range` that there are, which are about to be read: they may
    /// have left its cache since they came.
    public func prefetch(forReading range: Range<Int>) {
        let range = range.clamped(to: 0..<bytes.count)
        guard let base = bytes.baseAddress else { return }
        cache_hint_read(base + range.lowerBound, range.count)
    }

    /// The same of bytes that are about to be written.
    public func prefetch(forWriting range: Range<Int>) {
        let range = range.clamped(to: 0..<bytes.count)
        guard let base = bytes.baseAddress else { return }
        cache_hint_write(base + range.lowerBound, range.count)
    }

    /// How many bytes the buffer has.
    public var count: Int { bytes.count }
}

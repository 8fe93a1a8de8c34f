import SealiftBase

/// One requested object while its bytes come in: a buffer of its real length, made by the first
/// byte, and the ranges that are there.
struct IncomingObject {
    /// The most separate ranges: twice what a 256 KiB object in datagrams of 1,200 bytes can have.
    /// A peer that sends single bytes with gaps gets no further (RUSTSEC-2026-0185).
    static let rangeLimit = 256

    /// What became of a chunk.
    enum OnChunk: Equatable {
        case stored
        /// All of it was there already.
        case duplicate
        case complete
        /// It would make one range too many: the packet must not be acknowledged.
        case refused
        /// It reaches past the object's end.
        case overrun
    }

    let id: ObjectID
    /// The object's length, at least 1.
    let length: Int
    /// Nil until the first byte.
    private(set) var buffer: ObjectBuffer?
    private var received = IntervalSet()

    /// Expects `length` bytes.
    init(id: ObjectID, length: Int) {
        self.id = id
        self.length = length
    }

    /// Copies a chunk to its place.
    mutating func receive(offset: UInt64, bytes: UnsafeRawBufferPointer) -> OnChunk {
        let end = offset.addingReportingOverflow(UInt64(bytes.count))
        guard !end.overflow, end.partialValue <= UInt64(length) else { return .overrun }
        guard !bytes.isEmpty else { return .duplicate }
        let range = offset..<end.partialValue
        if received.contains(range) { return .duplicate }
        if received.rangeCount >= Self.rangeLimit, !received.adjoins(range) { return .refused }
        let buffer = buffer ?? ObjectBuffer(count: length)
        self.buffer = buffer
        UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[Int(offset)..<Int(end.partialValue)])
            .copyMemory(from: bytes)
        // What comes next is opened while its place is fetched.
        buffer.prefetch(forWriting: Int(end.partialValue)..<(Int(end.partialValue) + bytes.count))
        received.insert(range)
        return received.contains(0..<UInt64(length)) ? .complete : .stored
    }
}

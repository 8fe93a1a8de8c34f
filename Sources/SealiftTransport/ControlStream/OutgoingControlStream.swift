import SealiftBase

/// The control stream on its way out: bytes wait here until the peer has them (PROTOCOL §6.3).
struct OutgoingControlStream {
    /// Bytes from ``start`` on; those before ``head`` are free.
    private var storage: [UInt8] = []
    private var head = 0
    /// Stream offset of `storage[head]`: everything before was acknowledged.
    private var start: UInt64 = 0
    /// Stream offset of the first byte never sent.
    private var sent: UInt64 = 0
    private var acknowledged = IntervalSet()
    private var lost = IntervalSet()
    /// The peer takes bytes below this offset.
    private var limit: UInt64

    /// Starts with the credit both ends assume.
    init(limit: UInt64) {
        self.limit = limit
    }

    private var end: UInt64 { start + UInt64(storage.count - head) }

    /// Bytes not yet sent once, whether the credit covers them or not.
    var unsentByteCount: Int { Int(end - sent) }

    /// Whether the peer acknowledged every byte.
    var isDelivered: Bool { start == end }

    /// Whether a chunk may be sent.
    var hasWork: Bool { !lost.isEmpty || (sent < end && sent < limit) }

    /// Queues bytes.
    mutating func append(_ bytes: some Collection<UInt8>) {
        storage.append(contentsOf: bytes)
    }

    /// The peer takes bytes below `limit`; a lower limit than before is old news.
    mutating func credit(limit: UInt64) {
        self.limit = max(self.limit, limit)
    }

    /// Takes the next range of at most `room` bytes, losses first; nil if nothing may be sent.
    mutating func nextRange(room: Int) -> Range<UInt64>? {
        guard room > 0 else { return nil }
        if let range = lost.popFirst(atMost: UInt64(room)) { return range }
        let end = min(end, limit, sent + UInt64(room))
        guard sent < end else { return nil }
        defer { sent = end }
        return sent..<end
    }

    /// Hands the bytes of a range that ``nextRange(room:)`` gave to `body`.
    func withBytes(of range: Range<UInt64>, _ body: (UnsafeRawBufferPointer) -> Void) {
        let first = head + Int(range.lowerBound - start)
        let count = Int(range.upperBound - range.lowerBound)
        storage.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[first..<(first + count)]))
        }
    }

    /// A range arrived.
    mutating func acknowledged(offset: UInt64, length: UInt32) {
        let range = offset..<(offset + UInt64(length))
        guard range.upperBound > start else { return }
        acknowledged.insert(max(range.lowerBound, start)..<range.upperBound)
        lost.remove(range)
        guard let first = acknowledged.ranges.first, first.lowerBound <= start else { return }
        head += Int(first.upperBound - start)
        start = first.upperBound
        acknowledged.remove(first)
        // Moving the rest to the front when at least half is free costs each byte one move.
        if head * 2 >= storage.count {
            storage.removeFirst(head)
            head = 0
        }
    }

    /// A range was lost: what the peer does not have of it is queued again.
    mutating func lost(offset: UInt64, length: UInt32) {
        let range = max(offset, start)..<max(offset + UInt64(length), start)
        guard !range.isEmpty else { return }
        for missing in acknowledged.gaps(in: range) { lost.insert(missing) }
    }

    /// Lets all bytes go: the session is over.
    mutating func removeAll() {
        self = OutgoingControlStream(limit: limit)
    }
}

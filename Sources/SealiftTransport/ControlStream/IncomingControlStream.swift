import SealiftBase

/// The control stream on its way in: put in order, handed out, and credited as it is read
/// (PROTOCOL §6.3). Holds at most one window of bytes.
struct IncomingControlStream {
    /// The most separate ranges held out of order.
    static let rangeLimit = 64

    /// What became of a frame.
    enum OnFrame: Equatable {
        /// Nothing new can be read.
        case accepted
        /// More bytes are in order.
        case readable
        /// It would make one range too many: the packet must not be acknowledged.
        case refused
    }

    private let window: UInt64
    /// Stream offset of `storage[0]`: everything before was read.
    private var start: UInt64 = 0
    /// Bytes from ``start`` on, with gaps; at most `window`.
    private var storage: [UInt8] = []
    private var received = IntervalSet()
    /// The limit the peer knows of, or will once the credit frame arrives.
    private(set) var limit: UInt64

    /// Starts with the credit both ends assume.
    init(window: UInt64) {
        self.window = window
        limit = window
    }

    private var readableEnd: UInt64 {
        guard let first = received.ranges.first, first.lowerBound <= start else { return start }
        return first.upperBound
    }

    /// Whether bytes are in order.
    var isReadable: Bool { readableEnd > start }

    /// Takes in a control frame.
    /// - Throws: ``Violation/controlCreditExceeded``.
    mutating func receive(
        offset: UInt64, bytes: UnsafeRawBufferPointer
    ) throws(Violation) -> OnFrame {
        let end = offset.addingReportingOverflow(UInt64(bytes.count))
        guard !end.overflow, end.partialValue <= limit else { throw .controlCreditExceeded }
        let first = max(offset, start)
        guard first < end.partialValue else { return .accepted }
        let range = first..<end.partialValue
        // What can be read at once is taken in any case.
        if received.rangeCount >= Self.rangeLimit, first > start, !received.adjoins(range) {
            return .refused
        }
        let before = readableEnd
        let place = Int(range.lowerBound - start)
        let needed = Int(range.upperBound - start)
        if storage.count < needed {
            storage.append(contentsOf: repeatElement(0, count: needed - storage.count))
        }
        storage.withUnsafeMutableBytes {
            UnsafeMutableRawBufferPointer(rebasing: $0[place..<needed]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[Int(first - offset)...]))
        }
        received.insert(range)
        return readableEnd > before ? .readable : .accepted
    }

    /// Appends everything in order to `out`.
    /// - Returns: whether the peer should be granted the new ``limit``: at least half a window.
    mutating func read(into out: inout [UInt8]) -> Bool {
        let end = readableEnd
        guard end > start else { return false }
        let count = Int(end - start)
        out.append(contentsOf: storage[..<count])
        storage.removeFirst(count)
        received.remove(start..<end)
        start = end
        guard start + window - limit >= window / 2 else { return false }
        limit = start + window
        return true
    }
}

import CSealiftSys

/// What a read brought.
public enum ReceiveOutcome: Equatable, Sendable {
    /// The slab holds this many buffers, at least one.
    case received(buffers: Int)
    /// Nothing has come.
    case wouldBlock
    /// The kernel told an error, an `errno`; the socket lives on.
    case failed(Int32)
}

/// The memory that datagrams are received into: a fixed number of slots of 64 KiB, each filled with
/// one datagram or with one train that the kernel gathered (GRO).
///
/// Owned by the thread that receives. What it holds is valid until the next receive.
public final class ReceiveSlab {
    /// Each slot takes the largest train that the kernel gathers, 65,535 bytes.
    public static let slotSize = 65_536
    /// What one receive is to bring at most, 512 KiB: so much is still in a core's cache when the last of
    /// it is opened (docs/PERFORMANCE.md, "Where the time goes").
    static let byteCountWanted = 8 * slotSize

    private let slots: UnsafeMutableRawBufferPointer
    private let details: UnsafeMutableBufferPointer<sealift_incoming>
    /// How many buffers the last receive brought.
    public private(set) var count = 0
    /// How many slots the next receive fills at most. One slab serves several sockets: after the trains of
    /// one, another may take a call more for its single datagrams.
    private var slotsToFill: Int

    /// Makes a slab of 1 to 64 slots.
    public init(slots capacity: Int = 32) {
        let capacity = max(1, min(capacity, Int(sealift_datagram_batch)))
        slots = .allocate(byteCount: capacity * Self.slotSize, alignment: 4_096)
        details = .allocate(capacity: capacity)
        details.initialize(repeating: sealift_incoming())
        slotsToFill = capacity
    }

    /// How many of `capacity` slots the next receive fills, after one that brought `count` buffers, at
    /// least one, of `byteCount` bytes together.
    static func slotsToFill(after byteCount: Int, in count: Int, of capacity: Int) -> Int {
        max(1, min(capacity, byteCountWanted / max(1, byteCount / count)))
    }

    deinit {
        slots.deallocate()
        details.deallocate()
    }

    /// The buffer at `index`, which is below ``count``.
    public subscript(index: Int) -> ReceivedBuffer {
        precondition(index >= 0 && index < count, "the slab holds fewer buffers")
        let start = index * Self.slotSize
        let detail = details[index]
        // A datagram that did not fit shows as empty: half a packet is of no use to anybody.
        let length = detail.is_truncated ? 0 : min(Int(detail.count), Self.slotSize)
        return ReceivedBuffer(
            bytes: UnsafeRawBufferPointer(rebasing: slots[start..<(start + length)]),
            segmentSize: max(1, Int(detail.segment_size)), detail: detail)
    }

    func fill(from descriptor: Int32) -> Int32 {
        let result = sealift_datagram_receive_many(
            descriptor, slots.baseAddress, Self.slotSize, details.baseAddress,
            UInt32(slotsToFill))
        count = Int(max(0, result))
        guard count > 0 else { return result }
        var byteCount = 0
        for index in 0..<count { byteCount += Int(details[index].count) }
        slotsToFill = Self.slotsToFill(after: byteCount, in: count, of: details.count)
        return result
    }

    /// The newest count of drops that the kernel told with the last receive.
    var latestDrops: UInt32? {
        details.prefix(count).last { $0.has_drops }?.drops
    }
}

/// One datagram, or a train of datagrams of one size from one sender.
///
/// Borrows the slab's memory.
public struct ReceivedBuffer {
    /// The datagrams, back to back.
    public let bytes: UnsafeRawBufferPointer
    /// The size of each datagram but the last, which may be shorter; at least 1.
    public let segmentSize: Int
    private let detail: sealift_incoming

    init(bytes: UnsafeRawBufferPointer, segmentSize: Int, detail: sealift_incoming) {
        self.bytes = bytes
        self.segmentSize = segmentSize
        self.detail = detail
    }

    /// Who sent it; nil only where the kernel told an address of another family.
    public var source: SocketAddress? { SocketAddress(detail.source) }

    /// The local address it was sent to, without a port; nil where the kernel did not tell.
    public var destination: SocketAddress? { SocketAddress(detail.destination) }

    /// Priority and congestion marks; one value for the whole train, because the kernel gathers
    /// only datagrams whose marks agree.
    public var trafficClass: TrafficClass { TrafficClass(byte: detail.traffic_class) }

    /// How many datagrams the buffer holds; an empty datagram counts as one.
    public var segmentCount: Int {
        max(1, (bytes.count + segmentSize - 1) / segmentSize)
    }

    /// The datagram at `index`, which is below ``segmentCount``.
    @inline(__always)
    public func segment(_ index: Int) -> UnsafeRawBufferPointer {
        let start = index * segmentSize
        return UnsafeRawBufferPointer(
            rebasing: bytes[start..<min(start + segmentSize, bytes.count)])
    }
}

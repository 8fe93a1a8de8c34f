import CSealiftSys

/// Datagrams of one size to one address, back to back in one buffer: what one call sends.
///
/// ```
/// ├── segmentSize ──┼── segmentSize ──┼── … ──┼─ 1…segmentSize ─┤
/// ```
/// Borrows its bytes: it must not outlive the buffer.
public struct OutgoingBatch {
    /// The datagrams, back to back; not empty.
    public var bytes: UnsafeRawBufferPointer
    /// The size of each datagram but the last, which may be shorter.
    public var segmentSize: Int
    /// Where they go.
    public var destination: SocketAddress
    /// The local address they shall leave from (its port is not used), so that an answer leaves
    /// from where the question came in; nil lets the kernel choose.
    public var source: SocketAddress?
    /// Priority and congestion marks.
    public var trafficClass: TrafficClass

    /// Makes a batch; without `segmentSize` the bytes are one datagram.
    public init(
        bytes: UnsafeRawBufferPointer, segmentSize: Int? = nil, destination: SocketAddress,
        source: SocketAddress? = nil, trafficClass: TrafficClass = .standard
    ) {
        self.bytes = bytes
        self.segmentSize = segmentSize ?? bytes.count
        self.destination = destination
        self.source = source
        self.trafficClass = trafficClass
    }

    /// How many datagrams the batch holds.
    public var segmentCount: Int {
        segmentSize > 0 ? (bytes.count + segmentSize - 1) / segmentSize : 0
    }

    /// How many datagrams of `segmentSize` one call can carry: the kernel cuts at most 64
    /// (UDP_MAX_SEGMENTS) out of what one unfragmented IPv4 datagram could hold, 65,507 bytes.
    public static func maximumSegments(of segmentSize: Int) -> Int {
        segmentSize > 0 ? max(1, min(64, maximumByteCount / segmentSize)) : 0
    }

    /// The most bytes in one batch: 65,535 less an IPv4 and a UDP header.
    public static let maximumByteCount = 65_507

    /// The kernel's form of the bytes in `range`.
    @inline(__always)
    func kernelForm(_ range: Range<Int>, isSegmented: Bool) -> sealift_outgoing {
        var outgoing = sealift_outgoing()
        outgoing.bytes = bytes.baseAddress.map { $0 + range.lowerBound }
        outgoing.count = range.count
        outgoing.destination = destination.kernelForm
        if let source { outgoing.source = source.kernelForm }
        outgoing.segment_size = isSegmented ? UInt16(truncatingIfNeeded: segmentSize) : 0
        outgoing.traffic_class = trafficClass.byte
        return outgoing
    }
}

/// What ``Connection/pollTransmit(into:now:)`` wrote: one or more datagrams end to end, all of
/// `segmentSize` bytes but the last, which may be shorter. One send with UDP_SEGMENT carries them.
public struct Transmission: Equatable, Sendable {
    /// Bytes written in all.
    public var byteCount: Int
    /// Bytes of every datagram but the last.
    public var segmentSize: Int
    /// Where they go.
    public var path: PathID

    /// How many datagrams there are.
    public var segmentCount: Int { (byteCount + segmentSize - 1) / segmentSize }

    /// Makes the description of `byteCount` bytes in datagrams of `segmentSize`.
    public init(byteCount: Int, segmentSize: Int, path: PathID) {
        self.byteCount = byteCount
        self.segmentSize = segmentSize
        self.path = path
    }
}

/// The congestion field of the IP header that a datagram came with (RFC 3168 §5).
public enum ECN: UInt8, Sendable {
    /// Not ECN-capable, or unknown.
    case notCapable = 0
    /// ECT(1).
    case capable1 = 1
    /// ECT(0).
    case capable0 = 2
    /// Congestion experienced.
    case congestionExperienced = 3
}

/// Packets to send, already written: `byteCount` bytes of equal segments, the last perhaps shorter.
public struct PacketBatch: Equatable, Sendable {
    /// Where to.
    public var path: PathID
    /// All bytes.
    public var byteCount: Int
    /// Bytes of each datagram but the last.
    public var segmentSize: Int

    /// Bytes of the largest datagram.
    var datagramSize: Int { min(segmentSize, byteCount) }
}

/// Why the operating system did not take a batch, as far as a path is concerned.
public enum SendFailure: Equatable, Sendable {
    /// The datagrams are larger than the interface carries.
    case tooLarge
    /// There is no way from this machine to there now: no route, no link, or our address is gone.
    case unreachable
    /// Anything else; as if lost on the way.
    case other
}

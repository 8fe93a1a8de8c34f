/// Packets to send, already written: `byteCount` bytes of equal segments, the last perhaps shorter.
public struct PacketBatch: Equatable, Sendable {
    /// Where to.
    public var path: PathID
    /// All bytes.
    public var byteCount: Int
    /// Bytes of each datagram but the last.
    public var segmentSize: Int
}

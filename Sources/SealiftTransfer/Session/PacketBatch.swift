public import SealiftTransport

/// Packets to send, already written: `byteCount` bytes of equal segments, the last perhaps shorter.
public struct PacketBatch: Equatable, Sendable {
    /// Where to.
    public var path: PathID
    /// All bytes.
    public var byteCount: Int
    /// Bytes of each datagram but the last.
    public var segmentSize: Int

    init(path: PathID, byteCount: Int, segmentSize: Int) {
        self.path = path
        self.byteCount = byteCount
        self.segmentSize = segmentSize
    }

    /// What a connection wrote.
    init(_ written: Transmission) {
        self.init(
            path: written.path, byteCount: written.byteCount, segmentSize: written.segmentSize)
    }

    /// Writes one datagram of a handshake into `buffer`.
    init(
        writing datagram: [UInt8], on path: PathID, into buffer: UnsafeMutableRawBufferPointer
    ) {
        buffer.copyBytes(from: datagram)
        self.init(path: path, byteCount: datagram.count, segmentSize: datagram.count)
    }

    /// How many datagrams there are.
    public var segmentCount: Int { (byteCount + segmentSize - 1) / segmentSize }

    /// Bytes of the largest datagram.
    var datagramSize: Int { min(segmentSize, byteCount) }
}

/// Why a batch did not leave, as far as a path is concerned.
public enum SendFailure: Equatable, Sendable {
    /// The datagrams are larger than the interface carries.
    case tooLarge
    /// There is no way from this machine to there now: no route, no link, or our address is gone.
    case unreachable
    /// It would have left from another local address than what went there before.
    case localAddressChanged
    /// Anything else; as if lost on the way.
    case other
}

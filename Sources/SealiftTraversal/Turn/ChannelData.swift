/// Data of a peer between client and server, with four bytes around it (RFC 8656 §12.4):
///
///     u16 channel (0x4000 to 0x4FFF) ‖ u16 length ‖ data, on streams padded to a multiple of four
enum ChannelData {
    static let headerSize = 4
    static let numbers: ClosedRange<UInt16> = 0x4000...0x4FFF

    /// Whether a datagram may be one: sealift's own begin with 0x80 or more, STUN's with 0x00 to 0x3F.
    static func mayBegin(_ datagram: UnsafeRawBufferPointer) -> Bool {
        datagram.count >= headerSize && (0x40...0x4F).contains(datagram[0])
    }

    /// The channel and the data; nil where the length is not there. Datagrams may be padded too.
    static func read(
        _ datagram: UnsafeRawBufferPointer
    ) -> (channel: UInt16, data: UnsafeRawBufferPointer)? {
        guard mayBegin(datagram) else { return nil }
        let channel = UInt16(datagram[0]) << 8 | UInt16(datagram[1])
        let count = Int(datagram[2]) << 8 | Int(datagram[3])
        guard count <= datagram.count - headerSize else { return nil }
        return (
            channel,
            UnsafeRawBufferPointer(rebasing: datagram[headerSize..<(headerSize + count)])
        )
    }

    /// Writes `data` with its header; 0 where it has no room.
    static func write(
        _ data: UnsafeRawBufferPointer, channel: UInt16, isPadded: Bool,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        let padding = isPadded ? -data.count & 3 : 0
        let size = headerSize + data.count + padding
        guard data.count <= Int(UInt16.max), buffer.count >= size else { return 0 }
        buffer[0] = UInt8(channel >> 8)
        buffer[1] = UInt8(channel & 0xFF)
        buffer[2] = UInt8(data.count >> 8)
        buffer[3] = UInt8(data.count & 0xFF)
        UnsafeMutableRawBufferPointer(rebasing: buffer[headerSize...]).copyMemory(from: data)
        for index in 0..<padding { buffer[headerSize + data.count + index] = 0 }
        return size
    }
}

/// Cuts what comes over a stream into messages (RFC 8656 §3.3, §12.5). Holds one message at most.
public struct TurnFramer: Sendable {
    /// The bytes are no message: the stream is of no more use.
    public struct Violation: Error, Equatable, Sendable {}

    private var bytes: [UInt8] = []
    private var start = 0

    /// Begins with nothing.
    public init() {}

    /// Bytes held.
    var heldByteCount: Int { bytes.count - start }

    /// Takes what came. The caller takes every message out before it gives more.
    public mutating func append(_ more: some Sequence<UInt8>) {
        bytes.removeFirst(start)
        start = 0
        bytes.append(contentsOf: more)
    }

    /// The next whole message; nil where more must come.
    public mutating func next() throws(Violation) -> [UInt8]? {
        guard heldByteCount >= ChannelData.headerSize else { return nil }
        let length = Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
        let size: Int
        switch bytes[start] >> 6 {
        case 0: size = StunMessage.headerSize + length
        case 1: size = ChannelData.headerSize + (length + 3) & ~3
        default: throw Violation()
        }
        guard heldByteCount >= size else { return nil }
        defer { start += size }
        return Array(bytes[start..<(start + size)])
    }
}

import SealiftBase

/// The clear header of a packet (PROTOCOL §5), which is also its associated data:
///
///     type 1 (0xE8 + generation mod 4) | connection id 8 | counter 8
struct PacketHeader {
    static let size = 17
    private static let firstType: UInt8 = 0xE8

    /// The packet's generation mod 4.
    let generationBits: UInt8
    let connectionID: UInt64
    let packetNumber: UInt64

    init(generation: UInt64, connectionID: UInt64, packetNumber: UInt64) {
        generationBits = UInt8(generation & 3)
        self.connectionID = connectionID
        self.packetNumber = packetNumber
    }

    /// Reads the header; nil if the type is no packet's, or the counter is not below 2^62.
    init?(_ datagram: UnsafeRawBufferPointer) {
        guard datagram.count >= Self.size, datagram[0] & ~3 == Self.firstType else { return nil }
        generationBits = datagram[0] & 3
        connectionID = UInt64(
            bigEndian: datagram.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
        packetNumber = UInt64(
            bigEndian: datagram.loadUnaligned(fromByteOffset: 9, as: UInt64.self))
        guard packetNumber <= VariableLengthInteger.maximum else { return nil }
    }

    /// Writes the 17 bytes.
    func write(to datagram: UnsafeMutableRawBufferPointer) {
        datagram[0] = Self.firstType | generationBits
        datagram.storeBytes(of: connectionID.bigEndian, toByteOffset: 1, as: UInt64.self)
        datagram.storeBytes(of: packetNumber.bigEndian, toByteOffset: 9, as: UInt64.self)
    }
}

import SealiftBase

/// The messages of NAT-PMP (RFC 6886 §3).
///
///     address request: u8 0 ‖ u8 0
///     response:        u8 0 ‖ u8 128 ‖ u16 result ‖ u32 epoch ‖ IPv4 (4)
///     map request:     u8 0 ‖ u8 1 ‖ u16 0 ‖ u16 internal port ‖ u16 external port ‖ u32 lifetime
///     response:        u8 0 ‖ u8 129 ‖ u16 result ‖ u32 epoch ‖ u16 internal ‖ u16 external ‖ u32 lifetime
enum NATPMPMessage {
    /// What a response says.
    enum Response: Equatable {
        /// The gateway's outer address, without a port.
        case address(TransportAddress, epoch: UInt32)
        /// A UDP mapping.
        case map(internalPort: UInt16, externalPort: UInt16, seconds: UInt32, epoch: UInt32)
        /// A result other than success.
        case refused(UInt16)
    }

    static let addressRequest: [UInt8] = [0, 0]

    /// A request to map a UDP port, or with 0 seconds to end that.
    static func mapRequest(internalPort: UInt16, externalPort: UInt16, seconds: UInt32) -> [UInt8] {
        var writer = ByteWriter(capacity: 12)
        writer.write(UInt8(0))
        writer.write(UInt8(1))
        writer.write(UInt16(0))
        writer.write(internalPort)
        writer.write(externalPort)
        writer.write(seconds)
        return writer.bytes
    }

    /// Reads a datagram; nil where it is no response.
    static func response(_ datagram: UnsafeRawBufferPointer) -> Response? {
        var reader = ByteReader(datagram)
        guard let version = try? reader.readUInt8(), version == 0,
            let opcode = try? reader.readUInt8(), opcode == 128 || opcode == 129,
            let result = try? reader.readUInt16(), let epoch = try? reader.readUInt32()
        else { return nil }
        guard result == 0 else { return .refused(result) }
        if opcode == 128 {
            guard let bytes = try? reader.readArray(count: 4), reader.isAtEnd,
                let address = TransportAddress(bytes: bytes, port: 0)
            else { return nil }
            return .address(address, epoch: epoch)
        }
        guard let internalPort = try? reader.readUInt16(),
            let externalPort = try? reader.readUInt16(), let seconds = try? reader.readUInt32(),
            reader.isAtEnd
        else { return nil }
        return .map(
            internalPort: internalPort, externalPort: externalPort, seconds: seconds, epoch: epoch)
    }
}

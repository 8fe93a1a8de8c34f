import SealiftBase

/// The messages of PCP that sealift uses (RFC 6887 §7, §11.1, §14.1).
///
///     request:  u8 2 ‖ u8 opcode ‖ u16 0 ‖ u32 lifetime ‖ client (16) ‖ MAP
///     response: u8 2 ‖ u8 0x80+opcode ‖ u8 0 ‖ u8 result ‖ u32 lifetime ‖ u32 epoch ‖ 12 zeros ‖ MAP
///     MAP: nonce (12) ‖ u8 protocol ‖ 3 zeros ‖ u16 internal port ‖ u16 external port ‖ external (16)
enum PCPMessage {
    static let version: UInt8 = 2
    static let nonceSize = 12
    /// RFC 6887 §7: longer ones are malformed.
    private static let maximumByteCount = 1_100
    private static let headerSize = 24
    private static let udp: UInt8 = 17

    private enum Opcode {
        static let announce: UInt8 = 0x80
        static let map: UInt8 = 0x81
    }

    /// What a response says.
    enum Response: Equatable {
        /// The answer to a MAP request.
        case map(
            result: UInt8, seconds: UInt32, epoch: UInt32, nonce: [UInt8], internalPort: UInt16,
            external: TransportAddress)
        /// An answer to a MAP request that the gateway could not read: only the head counts.
        case error(result: UInt8, epoch: UInt32)
        /// The gateway started anew (§14.1).
        case announce(epoch: UInt32)
        /// The gateway speaks another version, NAT-PMP most likely (§9).
        case otherVersion
    }

    /// A request to map `client`'s port, or with 0 seconds to end that.
    static func mapRequest(
        client: TransportAddress, nonce: [UInt8], seconds: UInt32,
        suggested: TransportAddress?
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: 60)
        writer.write(version)
        writer.write(UInt8(1))
        writer.write(UInt16(0))
        writer.write(seconds)
        writer.write(wide(client))
        writer.write(nonce)
        writer.write(udp)
        writer.writeZeros(3)
        writer.write(client.port)
        writer.write(suggested?.port ?? 0)
        writer.write(suggested.map(wide) ?? unspecified(client.family))
        return writer.bytes
    }

    /// Reads a datagram; nil where it is no response of ours.
    static func response(_ datagram: UnsafeRawBufferPointer) -> Response? {
        guard datagram.count >= 4, datagram.count <= maximumByteCount else { return nil }
        guard datagram[0] == version else {
            // §9: an answer of an older version with a result that says so.
            return datagram[0] < version && datagram[1] & 0x80 != 0 && datagram[3] == 1
                ? .otherVersion : nil
        }
        var reader = ByteReader(datagram)
        guard datagram.count >= headerSize, datagram.count % 4 == 0,
            (try? reader.readUInt8()) != nil, let opcode = try? reader.readUInt8(),
            (try? reader.readUInt8()) != nil, let result = try? reader.readUInt8(),
            let seconds = try? reader.readUInt32(), let epoch = try? reader.readUInt32(),
            (try? reader.readBytes(count: 12)) != nil
        else { return nil }
        if opcode == Opcode.announce { return result == 0 ? .announce(epoch: epoch) : nil }
        guard opcode == Opcode.map else { return nil }
        guard let nonce = try? reader.readArray(count: nonceSize),
            let transport = try? reader.readUInt8(), transport == udp,
            (try? reader.readBytes(count: 3)) != nil,
            let internalPort = try? reader.readUInt16(),
            let externalPort = try? reader.readUInt16(),
            let bytes = try? reader.readArray(count: 16),
            let external = narrow(bytes, port: externalPort)
        else { return result == 0 ? nil : .error(result: result, epoch: epoch) }
        return .map(
            result: result, seconds: seconds, epoch: epoch, nonce: nonce,
            internalPort: internalPort, external: external)
    }

    private static let mappedPrefix = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]

    /// Sixteen bytes for either family (§5).
    private static func wide(_ address: TransportAddress) -> [UInt8] {
        address.family == .ipv4 ? mappedPrefix + address.bytes : address.bytes
    }

    private static func unspecified(_ family: TransportAddress.Family) -> [UInt8] {
        family == .ipv4
            ? mappedPrefix + [0, 0, 0, 0] : [UInt8](repeating: 0, count: 16)
    }

    private static func narrow(_ bytes: [UInt8], port: UInt16) -> TransportAddress? {
        bytes.starts(with: mappedPrefix)
            ? TransportAddress(bytes: bytes[12...], port: port)
            : TransportAddress(bytes: bytes, port: port)
    }
}

/// An IP address and a UDP port inside a ticket, a ticket record or an invitation (`docs/PROTOCOL.md` §3):
///
///     u8 family (4 or 6) ‖ 4 or 16 bytes ‖ u16 port
///
/// A value of its own because sockets, and their addresses, live outside the pure targets.
public struct PeerAddress: Hashable, Sendable {
    /// 4 bytes (IPv4) or 16 (IPv6), in network order.
    public let bytes: [UInt8]
    /// The UDP port, never 0.
    public let port: UInt16

    /// Makes an address of 4 or 16 bytes and a port that is not 0; nil for anything else.
    public init?(bytes: some Collection<UInt8>, port: UInt16) {
        guard bytes.count == 4 || bytes.count == 16, port != 0 else { return nil }
        self.bytes = Array(bytes)
        self.port = port
    }

    /// The most addresses one list may hold.
    public static let maximumCount = 16

    /// Reads `u8 count (1 to 16) ‖ addresses`; nil where a bound is broken or bytes are missing.
    public static func readList(from reader: inout ByteReader) -> [PeerAddress]? {
        guard let count = try? reader.readUInt8(), (1...maximumCount).contains(Int(count)) else {
            return nil
        }
        var addresses: [PeerAddress] = []
        for _ in 0..<count {
            guard let address = read(from: &reader) else { return nil }
            addresses.append(address)
        }
        return addresses
    }

    /// Writes `u8 count ‖ addresses`.
    /// - Precondition: there are 1 to 16.
    public static func writeList(_ addresses: [PeerAddress], to writer: inout ByteWriter) {
        precondition((1...maximumCount).contains(addresses.count), "a list has 1 to 16 addresses")
        writer.write(UInt8(addresses.count))
        for address in addresses {
            writer.write(UInt8(address.bytes.count == 4 ? 4 : 6))
            writer.write(address.bytes)
            writer.write(address.port)
        }
    }

    private static func read(from reader: inout ByteReader) -> PeerAddress? {
        guard let family = try? reader.readUInt8(), family == 4 || family == 6,
            let bytes = try? reader.readArray(count: family == 4 ? 4 : 16),
            let port = try? reader.readUInt16()
        else { return nil }
        return PeerAddress(bytes: bytes, port: port)
    }
}

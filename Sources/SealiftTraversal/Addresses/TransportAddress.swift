import SealiftBase

/// An IP address and a UDP port, as a value that costs no allocation ("transport address", RFC 8489 §4).
public struct TransportAddress: Hashable, Sendable {
    /// The two kinds of IP address.
    public enum Family: UInt8, Hashable, Sendable, CaseIterable {
        /// Four bytes.
        case ipv4 = 4
        /// Sixteen bytes.
        case ipv6 = 6

        /// The size of an address: 4 or 16 bytes.
        public var byteCount: Int { self == .ipv4 ? 4 : 16 }
    }

    /// The kind of address.
    public let family: Family
    // The address as one big-endian number: IPv4 in the lowest 32 bits of `low`.
    let high: UInt64
    let low: UInt64
    /// The port; 0 only where nobody has chosen one.
    public let port: UInt16

    private init(family: Family, high: UInt64, low: UInt64, port: UInt16) {
        self.family = family
        self.high = high
        self.low = low
        self.port = port
    }

    /// Makes an address of 4 or 16 bytes; nil for another number of bytes.
    public init?(bytes: some Collection<UInt8>, port: UInt16) {
        guard let family = Family.allCases.first(where: { $0.byteCount == bytes.count }) else {
            return nil
        }
        let split = bytes.count - min(bytes.count, 8)
        func number(_ run: some Sequence<UInt8>) -> UInt64 {
            run.reduce(0) { $0 << 8 | UInt64($1) }
        }
        self.family = family
        high = number(bytes.prefix(split))
        low = number(bytes.dropFirst(split))
        self.port = port
    }

    /// An IPv4 address, or the first of an IPv6 /64, with port 0.
    init(_ family: Family, prefix: UInt64) {
        self.init(
            family: family, high: family == .ipv6 ? prefix : 0, low: family == .ipv4 ? prefix : 0,
            port: 0)
    }

    /// The address in network order, 4 or 16 bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 16)
        if family == .ipv6 {
            writer.write(high)
            writer.write(low)
        } else {
            writer.write(UInt32(truncatingIfNeeded: low))
        }
        return writer.bytes
    }

    /// The same IP address with another port.
    func withPort(_ port: UInt16) -> TransportAddress {
        TransportAddress(family: family, high: high, low: low, port: port)
    }

    /// Appends `u8 family (4 or 6) ‖ 4 or 16 bytes ‖ u16 port`.
    func write(to writer: inout ByteWriter) {
        writer.write(family.rawValue)
        writer.write(bytes)
        writer.write(port)
    }

    /// Reads what ``write(to:)`` wrote; nil for an unknown family or missing bytes.
    static func read(from reader: inout ByteReader) -> TransportAddress? {
        guard let tag = try? reader.readUInt8(), let family = Family(rawValue: tag),
            let bytes = try? reader.readBytes(count: family.byteCount),
            let port = try? reader.readUInt16()
        else { return nil }
        return TransportAddress(bytes: bytes, port: port)
    }
}

import SealiftBase

/// The value of MAPPED-ADDRESS and XOR-MAPPED-ADDRESS (RFC 8489 §14.1, §14.2):
///
///     u8 0 ‖ u8 family (1 or 2) ‖ u16 port ‖ 4 or 16 bytes
///
/// In the second, port and address are xored with the magic cookie and the transaction, because some
/// routers rewrite addresses wherever they find them.
enum StunAddress {
    /// Reads a value; nil where its length or family is wrong (pion CVE-2026-54909: a malformed address
    /// attribute must be an answer like any other).
    static func decode(
        _ value: ArraySlice<UInt8>, unmaskedWith id: StunTransactionID?
    ) -> TransportAddress? {
        guard value.count >= 4 else { return nil }
        let start = value.startIndex
        let family: TransportAddress.Family
        switch value[start + 1] {
        case 1: family = .ipv4
        case 2: family = .ipv6
        default: return nil
        }
        guard value.count == 4 + family.byteCount else { return nil }
        let portMask = id == nil ? 0 : UInt16(StunMessage.magicCookie >> 16)
        let port = (UInt16(value[start + 2]) << 8 | UInt16(value[start + 3])) ^ portMask
        let address = zip(value[(start + 4)...], mask(id)).map { $0 ^ $1 }
        return TransportAddress(bytes: address, port: port)
    }

    /// The value of XOR-MAPPED-ADDRESS.
    static func encode(_ address: TransportAddress, maskedWith id: StunTransactionID) -> [UInt8] {
        var writer = ByteWriter(capacity: 20)
        writer.write(UInt8(0))
        writer.write(UInt8(address.family == .ipv4 ? 1 : 2))
        writer.write(address.port ^ UInt16(StunMessage.magicCookie >> 16))
        writer.write(zip(address.bytes, mask(id)).map { $0 ^ $1 })
        return writer.bytes
    }

    private static func mask(_ id: StunTransactionID?) -> [UInt8] {
        guard let id else { return [UInt8](repeating: 0, count: 16) }
        var writer = ByteWriter(capacity: 16)
        writer.write(StunMessage.magicCookie)
        writer.write(id.bytes)
        return writer.bytes
    }
}

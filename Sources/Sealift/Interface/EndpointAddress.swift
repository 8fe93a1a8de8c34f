internal import Glibc

/// An IP address and a UDP port, as the user writes it: `192.0.2.7:4000`, `[2001:db8::7]:4000`.
///
/// Only numbers are read: a host name would be asked of a resolver, which tells someone else.
public struct EndpointAddress: Hashable, Sendable {
    /// The address: 4 bytes (IPv4) or 16 (IPv6), in network order.
    public let bytes: [UInt8]
    /// The UDP port; 0 means "any free one" where an address is listened on.
    public let port: UInt16

    /// Makes an address of 4 or 16 bytes; nil for another number.
    public init?(bytes: [UInt8], port: UInt16) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
        self.port = port
    }

    /// Makes an address of bytes that a socket told: 4 or 16 by its nature.
    init(socketBytes bytes: [UInt8], port: UInt16) {
        self.bytes = bytes
        self.port = port
    }

    /// Reads `ADDR:PORT` or `[ADDR]:PORT`; nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = UInt16(digits)
        else { return nil }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
        if isBracketed { host = host.dropFirst().dropLast() }
        self.init(host: host, byteCount: isBracketed ? 16 : 4, port: port)
    }

    /// Reads an address without a port, `192.0.2.7` or `2001:db8::7`; nil for anything else. The port is 0.
    public init?(host: String) {
        self.init(host: Substring(host), byteCount: host.contains(":") ? 16 : 4, port: 0)
    }

    private init?(host: Substring, byteCount: Int, port: UInt16) {
        // NUL would end the text early in the C call below.
        guard !host.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: byteCount)
        guard inet_pton(byteCount == 16 ? AF_INET6 : AF_INET, String(host), &bytes) == 1 else {
            return nil
        }
        self.bytes = bytes
        self.port = port
    }
}

extension EndpointAddress: CustomStringConvertible {
    /// The form that ``init(_:)`` reads.
    public var description: String {
        bytes.count == 16 ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// The address alone, without brackets.
    public var host: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(bytes.count == 16 ? AF_INET6 : AF_INET, bytes, &text, socklen_t(text.count))
        return String(
            decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

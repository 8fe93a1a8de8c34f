/// Where a STUN server is: a name or number, and a UDP port. It is asked what address this machine has
/// outside, and sees nothing but that.
public struct StunServer: Hashable, Sendable {
    /// The port unless one is named (RFC 8489 §18.6).
    public static let defaultPort: UInt16 = 3_478

    /// A name, or an IP address without brackets.
    public let host: String
    /// The UDP port.
    public let port: UInt16

    /// Makes the address of a server.
    public init(host: String, port: UInt16 = StunServer.defaultPort) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`; nil for anything else.
    public init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 47 }) else { return nil }
        var host = Substring(text)
        var digits: Substring?
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            if !rest.isEmpty { digits = rest.dropFirst() }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            digits = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, host.utf8.count <= 253 else { return nil }
        var port = Self.defaultPort
        if let digits {
            guard (1...5).contains(digits.utf8.count),
                digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(digits),
                number > 0
            else { return nil }
            port = number
        }
        self.init(host: String(host), port: port)
    }
}

import CSealiftSys
import Glibc

extension SocketAddress: CustomStringConvertible {
    /// Reads `1.2.3.4:5`, `[2001:db8::1]:5` or `[fe80::1%eth0]:5`.
    ///
    /// No name is looked up. The port is decimal, 0 to 65535.
    /// - Returns: nil for any other text.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        guard digits.count <= 5, !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            let port = UInt16(digits)
        else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            self.init(ipv6: host.dropFirst().dropLast(), port: port)
        } else {
            self.init(host: String(host), scope: 0, port: port, family: .ipv4)
        }
    }

    private init?(ipv6 text: Substring, port: UInt16) {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first else { return nil }
        var scope: UInt32 = 0
        if parts.count == 2 {
            scope = UInt32(parts[1]) ?? sealift_interface_index(String(parts[1]))
            guard scope != 0 else { return nil }
        }
        self.init(host: String(host), scope: scope, port: port, family: .ipv6)
    }

    private init?(host: String, scope: UInt32, port: UInt16, family: Family) {
        var bytes = [UInt8](repeating: 0, count: family == .ipv4 ? 4 : 16)
        guard inet_pton(family == .ipv4 ? AF_INET : AF_INET6, host, &bytes) == 1 else {
            return nil
        }
        self.init(bytes: bytes, port: port, scope: scope)
    }

    /// The address without its port: `1.2.3.4`, `2001:db8::1`, `fe80::1%2`.
    public var host: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let written = bytes.withUnsafeBytes {
            inet_ntop(
                family == .ipv4 ? AF_INET : AF_INET6, $0.baseAddress, &text,
                socklen_t(text.count))
        }
        guard let written else { return "?" }
        let address = String(cString: written)
        return scope == 0 ? address : "\(address)%\(scope)"
    }

    /// The text that ``init(_:)`` reads.
    public var description: String {
        family == .ipv4 ? "\(host):\(port)" : "[\(host)]:\(port)"
    }
}

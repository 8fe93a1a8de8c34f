public import SealiftBase

/// Where a rendezvous server is, and how it is known: `wss://host:port/path#sha256=…`.
///
/// The part behind `#` is the SHA-256 of the server's public key in hexadecimal. With it no certificate
/// authority is asked and no other key is taken; without it the system's authorities decide. `ws://` is
/// without TLS: a network in between then sees what the server sees.
public struct RendezvousAddress: Hashable, Sendable {
    /// The port unless the address names one.
    public static let defaultPort: UInt16 = 7_440

    /// Whether TLS is spoken.
    public let isSecure: Bool
    /// A name, or an IP address without brackets.
    public let host: String
    /// The TCP port.
    public let port: UInt16
    /// What stands in front of `/v1`: empty, or `/…` without a slash at its end.
    public let pathPrefix: String
    /// The only key to be taken; nil for what the system's authorities vouch for.
    public let pin: Hash256?

    /// Makes the address of a server.
    public init(host: String, port: UInt16, pin: Hash256?, isSecure: Bool = true) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        pathPrefix = ""
        self.pin = pin
    }

    /// Reads an address; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        guard let location = parts.first, text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            return nil
        }
        if parts.count > 1 {
            guard parts[1].hasPrefix("sha256="), location.hasPrefix("wss://"),
                let pin = Hash256(hexadecimal: parts[1].dropFirst(7))
            else { return nil }
            self.pin = pin
        } else {
            pin = nil
        }
        let scheme = ["wss://", "ws://"].first { location.hasPrefix($0) }
        guard let scheme else { return nil }
        isSecure = scheme == "wss://"
        let rest = location.dropFirst(scheme.count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        pathPrefix = String(rest[slash...].reversed().drop { $0 == "/" }.reversed())
        guard let (host, port) = Self.authority(rest[..<slash]) else { return nil }
        self.host = host
        self.port = port
    }

    private static func authority(_ text: Substring) -> (String, UInt16)? {
        var host = text
        var port: UInt16? = defaultPort
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            if !rest.isEmpty { port = UInt16(rest.dropFirst()) }
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = UInt16(text[text.index(after: colon)...])
            guard !host.contains(":") else { return nil }
        }
        guard !host.isEmpty, host.utf8.count <= 253, let port, port > 0 else { return nil }
        return (String(host), port)
    }
}

extension RendezvousAddress: CustomStringConvertible {
    /// The form that ``init(_:)`` reads.
    public var description: String {
        let shown = host.contains(":") ? "[\(host)]" : host
        let key = pin.map { "#sha256=\($0)" } ?? ""
        return "\(isSecure ? "wss" : "ws")://\(shown):\(port)\(pathPrefix)\(key)"
    }
}

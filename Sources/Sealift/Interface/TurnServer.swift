public import SealiftBase

/// The user's own relay: `turn:USER@HOST[:PORT][?transport=udp|tcp|tls][#sha256=…]`.
///
/// The password is never part of it. `#sha256=…`, for TLS only, is the SHA-256 of the server's public
/// key: then no other key is taken, and no authority asked.
public struct TurnServer: Hashable, Sendable {
    /// What carries the messages between us and the relay. Peers reach it by UDP in any case.
    public enum Transport: String, CaseIterable, Sendable {
        /// Datagrams: best where they get through.
        case udp
        /// A TCP connection: where UDP is blocked.
        case tcp
        /// TLS over TCP: where everything else is.
        case tls
    }

    /// The user's name at the relay.
    public let username: String
    /// A name, or an IP address without brackets.
    public let host: String
    /// The port, of UDP or TCP.
    public let port: UInt16
    /// What carries the messages.
    public let transport: Transport
    /// The only key to be taken; nil for what the system's authorities vouch for.
    public let pin: Hash256?

    /// Reads the text; nil for anything else.
    public init?(_ text: String) {
        let prefix = "turn:"
        guard text.hasPrefix(prefix), text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            return nil
        }
        var rest = text.dropFirst(prefix.count)
        var pin: Hash256?
        if let hash = rest.firstIndex(of: "#") {
            let key = rest[rest.index(after: hash)...]
            guard key.hasPrefix("sha256="), let value = Hash256(hexadecimal: key.dropFirst(7))
            else { return nil }
            pin = value
            rest = rest[..<hash]
        }
        var transport = Transport.udp
        if let question = rest.firstIndex(of: "?") {
            let query = rest[rest.index(after: question)...]
            guard query.hasPrefix("transport="),
                let named = Transport(rawValue: String(query.dropFirst(10)))
            else { return nil }
            transport = named
            rest = rest[..<question]
        }
        guard let at = rest.lastIndex(of: "@"), at != rest.startIndex,
            rest.distance(from: rest.startIndex, to: at) <= 508,
            let place = StunServer(String(rest[rest.index(after: at)...])),
            pin == nil || transport == .tls
        else { return nil }
        let authority = rest[rest.index(after: at)...]
        let namesPort =
            authority.hasPrefix("[") ? authority.contains("]:") : authority.contains(":")
        username = String(rest[..<at])
        host = place.host
        // RFC 8656 §3.1: 3478, and 5349 for TLS.
        port = !namesPort && transport == .tls ? 5_349 : place.port
        self.transport = transport
        self.pin = pin
    }
}

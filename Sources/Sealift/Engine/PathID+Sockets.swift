import SealiftIO
import SealiftTransport

extension PathID {
    /// The number that stands for the user's own relay (`docs/decisions/0007-a-relayed-path-is-a-socket.md`).
    /// There are twelve bits for it.
    static let relaySocket = 0xFFF
    /// The highest number of a socket.
    static let highestSocket = relaySocket - 1

    /// The path from socket number `socket` to `address`.
    init(_ address: SocketAddress, socket: Int) {
        // Four bits of family (4 or 6), twelve of socket, the port, the link.
        let family = UInt64(address.family.rawValue)
        self.init(
            address.words.high, address.words.low,
            family << 60 | UInt64(truncatingIfNeeded: socket & Self.relaySocket) << 48
                | UInt64(address.port) << 32 | UInt64(address.scope))
    }

    /// The number of our socket.
    var socket: Int { Int(words.2 >> 48 & 0xFFF) }

    /// Whether it goes through the user's own relay.
    var isRelayed: Bool { socket == Self.relaySocket }

    /// The remote address.
    var address: SocketAddress {
        SocketAddress(
            family: words.2 >> 60 == 4 ? .ipv4 : .ipv6, words: (words.0, words.1),
            port: UInt16(truncatingIfNeeded: words.2 >> 32),
            scope: UInt32(truncatingIfNeeded: words.2))
    }
}

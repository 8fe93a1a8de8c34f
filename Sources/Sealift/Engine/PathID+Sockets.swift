import SealiftIO
import SealiftTransport

extension PathID {
    /// The highest number of a socket: there are twelve bits for it.
    static let highestSocket = 0xFFF

    /// The path from socket number `socket` to `address`.
    init(_ address: SocketAddress, socket: Int) {
        // Four bits of family (4 or 6), twelve of socket, the port, the link.
        let family = UInt64(address.family.rawValue)
        self.init(
            address.words.high, address.words.low,
            family << 60 | UInt64(truncatingIfNeeded: socket & Self.highestSocket) << 48
                | UInt64(address.port) << 32 | UInt64(address.scope))
    }

    /// The number of our socket.
    var socket: Int { Int(words.2 >> 48 & 0xFFF) }

    /// The remote address.
    var address: SocketAddress {
        SocketAddress(
            family: words.2 >> 60 == 4 ? .ipv4 : .ipv6, words: (words.0, words.1),
            port: UInt16(truncatingIfNeeded: words.2 >> 32),
            scope: UInt32(truncatingIfNeeded: words.2))
    }
}

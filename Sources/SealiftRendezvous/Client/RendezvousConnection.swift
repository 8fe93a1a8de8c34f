import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import NIOWebSocket
public import SealiftBase
import SealiftIO
public import SealiftTraversal

/// Why a server could not be reached.
public enum RendezvousConnectionError: Error, Equatable, Sendable {
    /// No connection, no TLS or no WebSocket; the library's words.
    case unreachable(String)
    /// The server's key is not the pinned one.
    case wrongKey
}

/// A client's connection to a rendezvous server, for a thread that may block.
///
/// The socket lives on an event loop of its own; what comes waits in a bounded queue.
public final class RendezvousConnection: Sendable {
    /// What came.
    public enum Event: Equatable, Sendable {
        /// A message.
        case message(ServerMessage)
        /// The connection is gone, or the server sent what is no message.
        case closed
        /// Nothing came in time.
        case timedOut
    }

    /// Messages that wait to be taken; a server that sends more while nobody takes is hung up on.
    private static let queueCapacity = 256

    /// A server that is asked nothing for long is asked by TCP whether it is there: after so many seconds,
    /// so many times, so many seconds apart. Routers that were restarted tell nobody.
    private static let keepAlive = (idle: 15, count: 3, interval: 5)

    /// This machine's end of the connection; nil where it is not known.
    public let localAddress: TransportAddress?
    private let connection: ClientChannel
    private let queue: BoundedQueue<ServerMessage>

    /// Connects. Blocks until the WebSocket is open.
    public static func open(
        _ address: RendezvousAddress, timeout: Duration = .seconds(10)
    ) throws(RendezvousConnectionError) -> RendezvousConnection {
        let queue = BoundedQueue<ServerMessage>(capacity: queueCapacity)
        let tls = try ClientPipeline.tlsContext(for: address)
        let connection = try ClientChannel.open(
            host: address.host, port: address.port, timeout: timeout
        ) { bootstrap in
            bootstrap
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(tcp(TCP_KEEPIDLE), value: keepAlive.idle)
                .channelOption(tcp(TCP_KEEPCNT), value: keepAlive.count)
                .channelOption(tcp(TCP_KEEPINTVL), value: keepAlive.interval)
        } configure: { channel, opened in
            try ClientPipeline.configure(
                channel, address, tls: tls, handler: ServerMessageHandler(queue: queue),
                opened: opened)
        } onClose: {
            queue.close()
        }
        return RendezvousConnection(connection, queue)
    }

    private static func tcp(_ option: CInt) -> ChannelOptions.Types.SocketOption {
        ChannelOptions.tcpOption(NIOBSDSocket.Option(rawValue: option))
    }

    private init(_ connection: ClientChannel, _ queue: BoundedQueue<ServerMessage>) {
        self.connection = connection
        localAddress = connection.channel.localAddress.flatMap { TransportAddress($0) }
        self.queue = queue
    }

    /// Sends a message, some time soon.
    public func send(_ message: ClientMessage) {
        let frame = WebSocketFrame(
            fin: true, opcode: .binary, maskKey: .random(),
            data: connection.channel.allocator.buffer(bytes: message.encoded))
        connection.channel.writeAndFlush(frame, promise: nil)
    }

    /// Waits for the next message until `deadline` on the monotonic clock.
    public func receive(until deadline: Instant) -> Event {
        switch queue.pop(until: deadline) {
        case .element(let message): .message(message)
        case .timedOut: .timedOut
        case .closed: .closed
        }
    }

    /// Hangs up. What was sent before still goes out. Safe to call from any thread, and again.
    public func close() {
        queue.close()
        connection.close()
    }
}

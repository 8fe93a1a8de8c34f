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
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let queue: BoundedQueue<ServerMessage>

    /// Connects. Blocks until the WebSocket is open.
    public static func open(
        _ address: RendezvousAddress, timeout: Duration = .seconds(10)
    ) throws(RendezvousConnectionError) -> RendezvousConnection {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let queue = BoundedQueue<ServerMessage>(capacity: queueCapacity)
        do {
            let tls = try address.isSecure ? ClientPipeline.tlsContext(for: address) : nil
            let time = TimeAmount.nanoseconds(timeout.nanoseconds)
            let opened = group.next().makePromise(of: Void.self)
            let deadline = group.next().scheduleTask(in: time) {
                opened.fail(ChannelError.connectTimeout(time))
            }
            // The handlers come once there is a connection: of several addresses only one is kept.
            let channel = try ClientBootstrap(group: group)
                .connectTimeout(time)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(tcp(TCP_KEEPIDLE), value: keepAlive.idle)
                .channelOption(tcp(TCP_KEEPCNT), value: keepAlive.count)
                .channelOption(tcp(TCP_KEEPINTVL), value: keepAlive.interval)
                .connect(host: address.host, port: Int(address.port))
                .flatMap { channel in
                    channel.closeFuture.whenComplete { _ in
                        opened.fail(ChannelError.ioOnClosedChannel)
                        queue.close()
                    }
                    return channel.eventLoop.submit {
                        try ClientPipeline.configure(
                            channel, address, tls: tls, handler: ServerMessageHandler(queue: queue),
                            opened: opened)
                        return channel
                    }
                }
                .wait()
            defer { deadline.cancel() }
            do {
                try opened.futureResult.wait()
            } catch {
                channel.close(promise: nil)
                throw error
            }
            return RendezvousConnection(group: group, channel: channel, queue: queue)
        } catch {
            group.shutdownGracefully { _ in }
            if error is ClientPipeline.WrongKey { throw .wrongKey }
            throw .unreachable("\(error)")
        }
    }

    private static func tcp(_ option: CInt) -> ChannelOptions.Types.SocketOption {
        ChannelOptions.tcpOption(NIOBSDSocket.Option(rawValue: option))
    }

    private init(
        group: MultiThreadedEventLoopGroup, channel: any Channel,
        queue: BoundedQueue<ServerMessage>
    ) {
        self.group = group
        self.channel = channel
        localAddress = channel.localAddress.flatMap { TransportAddress($0) }
        self.queue = queue
    }

    deinit {
        close()
    }

    /// Sends a message, some time soon.
    public func send(_ message: ClientMessage) {
        let frame = WebSocketFrame(
            fin: true, opcode: .binary, maskKey: .random(),
            data: channel.allocator.buffer(bytes: message.encoded))
        channel.writeAndFlush(frame, promise: nil)
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
        let group = self.group
        channel.close().whenComplete { _ in group.shutdownGracefully { _ in } }
    }
}

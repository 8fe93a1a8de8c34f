import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import SealiftBase
import SealiftIO
import SealiftTraversal
import Synchronization

/// A TCP or TLS connection to the user's own relay, for a thread that sleeps at a ``Waker``: messages in,
/// messages out (RFC 8656 §3.1).
///
/// What finds no room on either way is dropped, as a full queue of datagrams would: what goes through it
/// repairs losses itself, and must not be delayed without end.
package final class RelayStream: Sendable {
    /// Messages that wait to be taken: 3 MB of full packets.
    private static let queueCapacity = 2_048
    /// Bytes that wait to be sent.
    private static let waitingByteCount = 1 << 20

    private let connection: ClientChannel
    private let queue: BoundedQueue<[UInt8]>
    private let isGone: Flag

    /// Whether the connection is gone.
    private final class Flag: Sendable {
        let value = Atomic<Bool>(false)
    }

    /// Connects. Blocks until the connection, and TLS, stand.
    /// - Parameters:
    ///   - address: what the server is called, whether it is reached by TLS, and which key to take; its path
    ///     counts for nothing.
    ///   - number: its IP address, without brackets: nothing is looked up again.
    ///   - notify: called for each message, and when the connection is gone; must be short.
    package static func open(
        _ address: RendezvousAddress, at number: String, timeout: Duration = .seconds(10),
        notify: @escaping @Sendable () -> Void
    ) throws(RendezvousConnectionError) -> RelayStream {
        let queue = BoundedQueue<[UInt8]>(capacity: queueCapacity, notify: notify)
        let isGone = Flag()
        let tls = try ClientPipeline.tlsContext(for: address)
        let connection = try ClientChannel.open(
            host: number, port: address.port, timeout: timeout
        ) { bootstrap in
            bootstrap
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(
                    .writeBufferWaterMark,
                    value: .init(low: waitingByteCount / 2, high: waitingByteCount))
        } configure: { channel, opened in
            let pipeline = channel.pipeline.syncOperations
            if let tls { try pipeline.addHandler(ClientPipeline.client(tls, address, opened)) }
            try pipeline.addHandler(
                RelayMessageHandler(queue: queue, opened: opened, awaitsTLS: tls != nil))
        } onClose: {
            isGone.value.store(true, ordering: .releasing)
            notify()
        }
        return RelayStream(connection, queue, isGone)
    }

    private init(_ connection: ClientChannel, _ queue: BoundedQueue<[UInt8]>, _ isGone: Flag) {
        self.connection = connection
        self.queue = queue
        self.isGone = isGone
    }

    /// Whether the connection is gone.
    package var isClosed: Bool { isGone.value.load(ordering: .acquiring) }

    /// Sends one message or several, some time soon; drops them where too much waits already.
    package func send(_ messages: UnsafeRawBufferPointer) {
        let channel = connection.channel
        guard channel.isWritable else { return }
        channel.writeAndFlush(channel.allocator.buffer(bytes: messages), promise: nil)
    }

    /// Takes the next message; nil where there is none.
    package func takeMessage() -> [UInt8]? { queue.tryPop() }

    /// Hangs up. What was sent before still goes out. Safe to call from any thread, and again.
    package func close() { connection.close() }
}

/// Cuts the stream into messages; hangs up on a server that sends anything else.
private final class RelayMessageHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let queue: BoundedQueue<[UInt8]>
    private let opened: EventLoopPromise<Void>
    private let awaitsTLS: Bool
    private var framer = TurnFramer()

    init(queue: BoundedQueue<[UInt8]>, opened: EventLoopPromise<Void>, awaitsTLS: Bool) {
        self.queue = queue
        self.opened = opened
        self.awaitsTLS = awaitsTLS
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if !awaitsTLS { opened.succeed() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { opened.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        framer.append(unwrapInboundIn(data).readableBytesView)
        do throws(TurnFramer.Violation) {
            while let message = try framer.next() { _ = queue.tryPush(message) }
        } catch {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        opened.fail(error)
        context.close(promise: nil)
    }
}

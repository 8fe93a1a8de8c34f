import NIOCore
import NIOPosix
import SealiftBase
import Synchronization

/// A TCP connection to a server on an event loop of its own, for threads that may block.
final class ClientChannel: Sendable {
    /// Where to write.
    let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let isClosed = Atomic<Bool>(false)

    /// Connects. Blocks until `opened` is fulfilled, which `configure` hands to its handlers.
    /// - Parameters:
    ///   - options: what the socket is to be told.
    ///   - configure: adds the handlers, once there is a connection: of several addresses one is kept.
    ///   - onClose: called on the loop when the connection is gone.
    static func open(
        host: String, port: UInt16, timeout: Duration,
        options: (ClientBootstrap) -> ClientBootstrap,
        configure: @escaping @Sendable (any Channel, EventLoopPromise<Void>) throws -> Void,
        onClose: @escaping @Sendable () -> Void
    ) throws(RendezvousConnectionError) -> ClientChannel {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let time = TimeAmount.nanoseconds(timeout.nanoseconds)
        let opened = group.next().makePromise(of: Void.self)
        let deadline = group.next().scheduleTask(in: time) {
            opened.fail(ChannelError.connectTimeout(time))
        }
        do {
            let channel = try options(ClientBootstrap(group: group).connectTimeout(time))
                .connect(host: host, port: Int(port))
                .flatMap { channel in
                    channel.closeFuture.whenComplete { _ in
                        opened.fail(ChannelError.ioOnClosedChannel)
                        onClose()
                    }
                    return channel.eventLoop.submit {
                        try configure(channel, opened)
                        return channel
                    }
                }
                .wait()
            do {
                try opened.futureResult.wait()
            } catch {
                channel.close(promise: nil)
                throw error
            }
            deadline.cancel()
            return ClientChannel(group, channel)
        } catch {
            // No promise is left behind, whatever failed first.
            opened.fail(error)
            deadline.cancel()
            group.shutdownGracefully { _ in }
            if error is ClientPipeline.WrongKey { throw .wrongKey }
            throw .unreachable("\(error)")
        }
    }

    private init(_ group: MultiThreadedEventLoopGroup, _ channel: any Channel) {
        self.group = group
        self.channel = channel
    }

    deinit {
        close()
    }

    /// Hangs up. What was sent before still goes out. Safe to call from any thread, and again.
    func close() {
        // The loop is gone after the first time.
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        let group = self.group
        channel.close().whenComplete { _ in group.shutdownGracefully { _ in } }
    }
}

import NIOCore

/// Ends a connection that has not become a WebSocket, or been answered, in time: TLS handshakes and
/// request heads that come a byte at a time hold no place for long.
final class OpeningDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let time: TimeAmount
    private let faults: ServerFaults
    private var task: Scheduled<Void>?
    private var hasFailed = false

    init(_ time: TimeAmount, _ faults: ServerFaults) {
        self.time = time
        self.faults = faults
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        let faults = faults
        task = context.eventLoop.scheduleTask(in: time) {
            faults.openingFailed()
            channel.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !hasFailed { faults.openingFailed() }
        hasFailed = true
        context.fireErrorCaught(error)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        task?.cancel()
    }
}

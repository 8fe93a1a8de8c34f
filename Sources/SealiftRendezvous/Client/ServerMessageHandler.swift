import NIOCore
import NIOWebSocket
import SealiftIO
import SealiftTraversal

/// A server's WebSocket: whole messages go into the queue, pings are answered, anything else ends it.
final class ServerMessageHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let queue: BoundedQueue<ServerMessage>

    init(queue: BoundedQueue<ServerMessage>) {
        self.queue = queue
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .binary:
            let bytes = Array(frame.unmaskedData.readableBytesView)
            guard let message = bytes.withUnsafeBytes({ ServerMessage($0) }),
                queue.tryPush(message) == .pushed
            else { return context.close(promise: nil) }
        case .ping:
            let pong = WebSocketFrame(
                fin: true, opcode: .pong, maskKey: .random(), data: frame.unmaskedData)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .pong:
            break
        default:
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

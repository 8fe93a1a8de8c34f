import NIOCore
import NIOWebSocket
import SealiftTraversal

/// One client's WebSocket: whole binary messages go to the hub, pings keep the way open, silence and
/// everything else end it.
final class ClientSessionHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let hub: RendezvousHub
    private let address: TransportAddress
    private var number: RendezvousHub.ClientNumber?
    /// Whether a ping went out since the client was last heard.
    private var isBeingTested = false

    init(hub: RendezvousHub, address: TransportAddress) {
        self.hub = hub
        self.address = address
    }

    func handlerAdded(context: ChannelHandlerContext) {
        number = hub.connect(context.channel, from: address)
        if number == nil { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let number { hub.disconnect(number) }
        number = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        isBeingTested = false
        switch frame.opcode {
        case .binary:
            guard let number else { return }
            hub.receive(Array(frame.unmaskedData.readableBytesView), from: number)
        case .ping:
            let pong = WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .pong:
            break
        default:
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        guard !isBeingTested else { return context.close(promise: nil) }
        isBeingTested = true
        let ping = WebSocketFrame(
            fin: true, opcode: .ping, data: context.channel.allocator.buffer(capacity: 0))
        context.writeAndFlush(wrapOutboundOut(ping), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

import NIOCore
import NIOHTTP1

/// Asks a server to turn the connection into a WebSocket, and says what came of it.
final class UpgradeRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    private let address: RendezvousAddress
    private let opened: EventLoopPromise<Void>

    init(_ address: RendezvousAddress, opened: EventLoopPromise<Void>) {
        self.address = address
        self.opened = opened
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { request(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        request(context)
        context.fireChannelActive()
    }

    private func request(_ context: ChannelHandlerContext) {
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        var head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: address.pathPrefix + "/v1")
        head.headers.add(name: "host", value: "\(host):\(address.port)")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Only a response that is no upgrade comes here.
        if case .head(let head) = unwrapInboundIn(data) {
            opened.fail(Refused(description: "the server answered \(head.status.code)"))
        }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        opened.fail(error)
        context.close(promise: nil)
    }
}

import NIOCore
import NIOHTTP1

/// Answers the two requests that are no WebSocket: `/healthz` and `/metrics`. One request a connection.
final class PlainRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let metrics: @Sendable () -> String
    private var head: HTTPRequestHead?

    init(metrics: @escaping @Sendable () -> String) {
        self.metrics = metrics
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end: answer(context)
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        guard let head else { return }
        self.head = nil
        let (status, text): (HTTPResponseStatus, String) =
            switch (head.method, head.uri) {
            case (.GET, "/healthz"): (.ok, "ok\n")
            case (.GET, "/metrics"): (.ok, metrics())
            default: (.notFound, "there is a WebSocket at /v1\n")
            }
        let body = context.channel.allocator.buffer(string: text)
        let headers = HTTPHeaders([
            ("content-type", "text/plain; version=0.0.4; charset=utf-8"),
            ("content-length", String(body.readableBytes)), ("connection", "close"),
        ])
        context.write(
            wrapOutboundOut(
                .head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
            promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

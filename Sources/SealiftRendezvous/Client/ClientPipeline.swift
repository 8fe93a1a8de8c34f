package import NIOCore
import NIOHTTP1
package import NIOSSL
import NIOWebSocket
import SealiftBase
import SealiftCrypto
import SealiftTraversal

/// Makes a WebSocket to a rendezvous server of a fresh TCP connection.
package enum ClientPipeline {
    /// The server's key is not the pinned one.
    struct WrongKey: Error {}

    /// What TLS is spoken with: the system's authorities and the server's name or, for a pinned key, that
    /// key alone; then ``configure(_:_:tls:handler:opened:)`` checks it. Nil for an address without TLS.
    package static func tlsContext(
        for address: RendezvousAddress
    ) throws(RendezvousConnectionError) -> NIOSSLContext? {
        guard address.isSecure else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if address.pin != nil { configuration.certificateVerification = .noHostnameVerification }
        configuration.minimumTLSVersion = .tlsv12
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .unreachable("\(error)")
        }
    }

    /// Adds TLS, the upgrade, and `handler` for the WebSocket's frames once it is open.
    /// - Parameter opened: told when the WebSocket is open, or why it will not be.
    package static func configure(
        _ channel: any Channel, _ address: RendezvousAddress, tls: NIOSSLContext?,
        handler: some ChannelHandler, opened: EventLoopPromise<Void>
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(client(tls, address, opened)) }
        let request = NIOLoopBound(
            UpgradeRequestHandler(address, opened: opened), eventLoop: channel.eventLoop)
        let frames = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        let upgrader = NIOWebSocketClientUpgrader(
            maxFrameSize: ServerMessage.maximumByteCount,
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 8,
                            maxAccumulatedFrameSize: ServerMessage.maximumByteCount))
                    try pipeline.addHandler(frames.value)
                    opened.succeed()
                }
            })
        try pipeline.addHTTPClientHandlers(
            leftOverBytesStrategy: .forwardBytes,
            withClientUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    context.pipeline.syncOperations.removeHandler(request.value, promise: nil)
                }
            ))
        try pipeline.addHandler(request.value)
    }

    static func client(
        _ context: NIOSSLContext, _ address: RendezvousAddress, _ opened: EventLoopPromise<Void>
    ) throws -> NIOSSLClientHandler {
        // An IP address is no server name (RFC 6066 §3).
        let isNumber = (try? SocketAddress(ipAddress: address.host, port: 0)) != nil
        let name = isNumber ? nil : address.host
        guard let pin = address.pin else {
            return try NIOSSLClientHandler(context: context, serverHostname: name)
        }
        return try NIOSSLClientHandler(
            context: context, serverHostname: name,
            customVerificationCallback: { chain, verdict in
                guard let key = try? chain.first?.extractPublicKey().toSPKIBytes(),
                    SHA256Digest.hash(key) == pin
                else {
                    opened.fail(WrongKey())
                    return verdict.succeed(.failed)
                }
                verdict.succeed(.certificateVerified)
            })
    }
}

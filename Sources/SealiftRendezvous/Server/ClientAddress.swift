import NIOCore
import NIOHTTP1
import SealiftTraversal

/// Whose use of the server a connection counts as.
enum ClientAddress {
    /// The address that the connection comes from or, behind a trusted proxy, the last entry of
    /// `X-Forwarded-For`: the one that the proxy itself wrote. Nil where there is none.
    static func of(
        _ channel: any Channel, _ head: HTTPRequestHead, trustsForwardedFor: Bool
    ) -> TransportAddress? {
        guard trustsForwardedFor else {
            return channel.remoteAddress.flatMap { TransportAddress($0) }
        }
        guard let entry = head.headers[canonicalForm: "x-forwarded-for"].last,
            let forwarded = try? SocketAddress(ipAddress: String(entry), port: 0)
        else { return nil }
        return TransportAddress(forwarded)
    }
}

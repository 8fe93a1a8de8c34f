import Glibc
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
        guard trustsForwardedFor else { return channel.remoteAddress.flatMap(address) }
        guard let entry = head.headers[canonicalForm: "x-forwarded-for"].last,
            let forwarded = try? SocketAddress(ipAddress: String(entry), port: 0)
        else { return nil }
        return address(forwarded)
    }

    private static func address(_ address: SocketAddress) -> TransportAddress? {
        guard let text = address.ipAddress else { return nil }
        let isIPv6 = text.contains(":")
        var bytes = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
        guard inet_pton(isIPv6 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        return TransportAddress(bytes: bytes, port: UInt16(clamping: address.port ?? 0))
    }
}

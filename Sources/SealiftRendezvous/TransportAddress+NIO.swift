import Glibc
import NIOCore
import SealiftTraversal

extension TransportAddress {
    /// The address of a channel's end; nil for one that is no IP address.
    init?(_ address: SocketAddress) {
        guard let text = address.ipAddress else { return nil }
        let isIPv6 = text.contains(":")
        var bytes = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
        guard inet_pton(isIPv6 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        self.init(bytes: bytes, port: UInt16(clamping: address.port ?? 0))
    }
}

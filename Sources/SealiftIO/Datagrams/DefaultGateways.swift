import CSealiftSys
import Glibc
import SealiftBase

/// The routers that datagrams to elsewhere leave by, as the kernel's tables name them.
public enum DefaultGateways {
    private static let largestTable = 1 << 20
    /// RTF_UP and RTF_GATEWAY of `linux/route.h`.
    private static let needed: UInt32 = 0x3

    /// The default gateway of each family that has one, port 0; an IPv6 one is link-local, with its
    /// interface.
    public static func find() -> [SocketAddress] {
        [
            read("route").flatMap(inIPv4Table),
            read("ipv6_route").flatMap {
                inIPv6Table($0) { sealift_interface_index($0) }
            },
        ].compactMap { $0 }
    }

    private static func read(_ name: String) -> String? {
        guard let folder = try? DirectoryHandle.open(path: Array("/proc/net".utf8)),
            let file = try? folder.openFile(Array(name.utf8), for: .reading),
            let bytes = try? file.readAll(atMost: largestTable)
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The gateway of the default route with the lowest metric in the text of `/proc/net/route`: name,
    /// destination, gateway, flags, …, metric, mask; addresses as numbers in the machine's byte order.
    static func inIPv4Table(_ text: String) -> SocketAddress? {
        var best: (metric: UInt32, gateway: SocketAddress)?
        for line in text.split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count >= 8, UInt32(fields[1], radix: 16) == 0,
                UInt32(fields[7], radix: 16) == 0, let gateway = UInt32(fields[2], radix: 16),
                gateway != 0, let flags = UInt32(fields[3], radix: 16), flags & needed == needed,
                let metric = UInt32(fields[6]), metric < best?.metric ?? .max
            else { continue }
            let bytes = withUnsafeBytes(of: gateway) { Array($0) }
            if let address = SocketAddress(bytes: bytes, port: 0) { best = (metric, address) }
        }
        return best?.gateway
    }

    /// The same in the text of `/proc/net/ipv6_route`: destination, its length, source, its length,
    /// gateway, metric, …, flags, name; addresses in network order.
    static func inIPv6Table(
        _ text: String, index: (String) -> UInt32
    ) -> SocketAddress? {
        var best: (metric: UInt32, gateway: SocketAddress)?
        for line in text.split(separator: "\n") {
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count >= 10, fields[1] == "00", fields[0].allSatisfy({ $0 == "0" }),
                let bytes = Hexadecimal.decode(String(fields[4])), bytes.count == 16,
                bytes.contains(where: { $0 != 0 }), let flags = UInt32(fields[8], radix: 16),
                flags & needed == needed, let metric = UInt32(fields[5], radix: 16),
                metric < best?.metric ?? .max,
                let address = SocketAddress(bytes: bytes, port: 0, scope: 0)
            else { continue }
            let scope = address.isLinkLocal ? index(String(fields[9])) : 0
            best = (metric, address.with(scope: scope))
        }
        return best?.gateway
    }
}

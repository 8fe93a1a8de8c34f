import CSealiftSys
import Glibc

/// The addresses of this machine.
public enum NetworkInterfaces {
    /// One address of one interface.
    public struct Address: Hashable, Sendable {
        /// The interface's name, such as `eth0`.
        public let name: String
        /// The address; its port is 0.
        public let address: SocketAddress
        /// Whether the interface is the machine's loopback.
        public let isLoopback: Bool
        /// Whether the interface joins two ends only, as tunnels do.
        public let isPointToPoint: Bool
        /// Whether datagrams to a group can leave by the interface.
        public internal(set) var isMulticast = true

        /// The interface's number; 0 where it is gone meanwhile.
        public var index: UInt32 { sealift_interface_index(name) }
    }

    /// The addresses of all interfaces that are up, link-local ones included, in the kernel's order.
    public static func addresses() throws(SystemError) -> [Address] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else {
            throw SystemError(code: errno, operation: "getifaddrs")
        }
        defer { freeifaddrs(list) }
        var result: [Address] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ifa_next
            let flags = entry.pointee.ifa_flags
            guard flags & UInt32(IFF_UP) != 0, let raw = entry.pointee.ifa_addr else {
                continue
            }
            var form = sealift_address()
            guard sealift_address_read(raw, &form), let address = SocketAddress(form) else {
                continue
            }
            result.append(
                Address(
                    name: String(cString: entry.pointee.ifa_name), address: address,
                    isLoopback: flags & UInt32(IFF_LOOPBACK) != 0,
                    isPointToPoint: flags & UInt32(IFF_POINTOPOINT) != 0,
                    isMulticast: flags & UInt32(IFF_MULTICAST) != 0))
        }
        return result
    }
}

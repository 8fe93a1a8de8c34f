import SealiftIO
import SealiftTransport

/// The groups to which a dialer sends message 1 within its own links, for a sender that waits there
/// (`docs/PROTOCOL.md` §10.10). Nothing else is ever sent to them.
enum LanGroup {
    static let port: UInt16 = 7_441
    /// No more interfaces of a family are used: machines with many have bridges of their own making.
    static let mostInterfaces = 8

    /// 239.255.115.108, of the scope that each network gives out by itself (RFC 2365 §6.1); datagrams
    /// leave with a time to live of 1.
    private static let ipv4 = SocketAddress(bytes: [239, 255, 115, 108], port: port)
    /// ff12::73:6561:6c69:6674, transient and of the link (RFC 4291 §2.7).
    private static let ipv6 = SocketAddress(
        bytes: [0xFF, 0x12, 0, 0, 0, 0, 0, 0, 0, 0x73, 0x65, 0x61, 0x6C, 0x69, 0x66, 0x74],
        port: port)

    /// The group of a family.
    static func address(_ family: SocketAddress.Family) -> SocketAddress? {
        family == .ipv4 ? ipv4 : ipv6
    }

    /// The group of each family at each interface that the policy leaves.
    static func addresses(_ policy: NetworkPolicy) -> [SocketAddress] {
        guard policy.lan == .allowed, let own = try? NetworkInterfaces.addresses() else {
            return []
        }
        return addresses(policy, own.map { ($0, $0.index) })
    }

    static func addresses(
        _ policy: NetworkPolicy, _ own: [(address: NetworkInterfaces.Address, index: UInt32)]
    ) -> [SocketAddress] {
        var found: [SocketAddress] = []
        for (entry, index) in own
        where entry.isMulticast && !entry.isLoopback && !entry.isPointToPoint && index != 0
            && (policy.interface == nil || policy.interface == entry.name)
            && policy.isBound(entry.address) && policy.permits(entry.address)
        {
            guard let group = address(entry.address.family)?.with(scope: index),
                !found.contains(group),
                found.count(where: { $0.family == group.family }) < mostInterfaces
            else { continue }
            found.append(group)
        }
        return found
    }
}

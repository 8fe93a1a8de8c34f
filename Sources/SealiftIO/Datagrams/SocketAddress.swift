import Glibc

/// An IPv4 or IPv6 address with a port: where a datagram goes or comes from.
///
/// A plain value without references: it is copied and compared on the packet path.
public struct SocketAddress: Hashable, Sendable {
    /// The version of the Internet protocol.
    public enum Family: UInt8, Sendable {
        /// Version 4, addresses of 4 bytes.
        case ipv4 = 4
        /// Version 6, addresses of 16 bytes.
        case ipv6 = 6
    }

    /// The version of the Internet protocol.
    public let family: Family
    // The address as a number: IPv4 in the low 32 bits of `low`.
    let high: UInt64
    let low: UInt64
    /// The port; 0 means "any", only in an address to bind to.
    public var port: UInt16
    /// The index of the interface that an IPv6 link-local address belongs to, or by which datagrams to a
    /// group leave; otherwise 0.
    public let scope: UInt32

    init(family: Family, high: UInt64, low: UInt64, port: UInt16, scope: UInt32) {
        self.family = family
        self.high = high
        self.low = low
        self.port = port
        self.scope = scope
    }

    /// Makes an address from its bytes in network order: four for IPv4, sixteen for IPv6.
    /// - Returns: nil for any other count.
    public init?(bytes: some Collection<UInt8>, port: UInt16, scope: UInt32 = 0) {
        func number(_ part: some Sequence<UInt8>) -> UInt64 {
            part.reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch bytes.count {
        case 4: self.init(family: .ipv4, high: 0, low: number(bytes), port: port, scope: 0)
        case 16:
            self.init(
                family: .ipv6, high: number(bytes.prefix(8)), low: number(bytes.dropFirst(8)),
                port: port, scope: scope)
        default: return nil
        }
    }

    /// The address in network order: four bytes for IPv4, sixteen for IPv6.
    public var bytes: [UInt8] {
        func split(_ number: UInt64, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * (count - 1 - $0))) }
        }
        return family == .ipv4 ? split(low, 4) : split(high, 8) + split(low, 8)
    }

    /// "Any address of this machine" with any port: 0.0.0.0:0 or [::]:0.
    public static func unspecified(_ family: Family) -> SocketAddress {
        SocketAddress(family: family, high: 0, low: 0, port: 0, scope: 0)
    }

    /// The address as two numbers, and back: for those who keep addresses in words.
    public var words: (high: UInt64, low: UInt64) { (high, low) }

    /// Makes the address of ``words``.
    public init(family: Family, words: (UInt64, UInt64), port: UInt16, scope: UInt32) {
        self.init(family: family, high: words.0, low: words.1, port: port, scope: scope)
    }

    /// 127.0.0.1 with `port`.
    public static func loopbackIPv4(port: UInt16) -> SocketAddress {
        SocketAddress(family: .ipv4, high: 0, low: 0x7F00_0001, port: port, scope: 0)
    }

    /// [::1] with `port`.
    public static func loopbackIPv6(port: UInt16) -> SocketAddress {
        SocketAddress(family: .ipv6, high: 0, low: 1, port: port, scope: 0)
    }

    /// This address with another port.
    public func with(port: UInt16) -> SocketAddress {
        SocketAddress(family: family, high: high, low: low, port: port, scope: scope)
    }

    /// This address at the interface with this index: a group's, or a link-local one.
    public func with(scope: UInt32) -> SocketAddress {
        SocketAddress(family: family, high: high, low: low, port: port, scope: scope)
    }

    /// Whether both name the same machine's address, ports left aside.
    public func hasSameHost(as other: SocketAddress) -> Bool {
        with(port: 0) == other.with(port: 0)
    }

    /// "Any address of this machine": 0.0.0.0 or ::.
    public var isUnspecified: Bool { high == 0 && low == 0 }

    /// 127.0.0.0/8 or ::1.
    public var isLoopback: Bool {
        family == .ipv4 ? low >> 24 == 127 : high == 0 && low == 1
    }

    /// 169.254.0.0/16 or fe80::/10: valid on one link only.
    public var isLinkLocal: Bool {
        family == .ipv4 ? low >> 16 == 0xA9FE : high >> 54 == 0xFE80 >> 6
    }

    /// 224.0.0.0/4 or ff00::/8.
    public var isMulticast: Bool {
        family == .ipv4 ? low >> 28 == 0xE : high >> 56 == 0xFF
    }

    /// 255.255.255.255.
    public var isBroadcast: Bool { family == .ipv4 && low == 0xFFFF_FFFF }

    /// RFC 1918, RFC 6598 (shared by carriers) or RFC 4193 (fc00::/7): not reachable from afar.
    public var isPrivate: Bool {
        guard family == .ipv4 else { return high >> 57 == 0xFC >> 1 }
        return low >> 24 == 10 || low >> 20 == 0xAC1 || low >> 16 == 0xC0A8
            || low >> 22 == 0x6440 >> 6
    }

    /// ::ffff:0:0/96: an IPv4 address in IPv6 clothing.
    public var isIPv4Mapped: Bool { family == .ipv6 && high == 0 && low >> 32 == 0xFFFF }
}

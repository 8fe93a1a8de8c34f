/// A port at the gateway's outer address that the gateway forwards to one of our sockets.
public struct PortMapping: Equatable, Sendable {
    /// How the gateway was asked.
    public enum Method: String, Hashable, Sendable {
        /// Port Control Protocol (RFC 6887).
        case pcp = "PCP"
        /// NAT Port Mapping Protocol (RFC 6886).
        case natPMP = "NAT-PMP"
        /// UPnP Internet Gateway Device.
        case upnp = "UPnP"
    }

    /// How long a mapping is asked for: a process that is killed leaves its port open no longer.
    public static let requestedLifetime = Duration.seconds(1_800)
    /// What a gateway may grant, so that neither a tiny nor a huge number makes us ask all the time or
    /// count beyond the clock (RFC 6887 §11.2.1, §15).
    static let lifetimeBounds = Duration.seconds(120)...Duration.seconds(86_400)

    /// How the gateway was asked.
    public let method: Method
    /// Where peers outside reach the socket, as the gateway says.
    public let external: TransportAddress
    /// For how long, unless it is renewed.
    public let lifetime: Duration

    /// Makes a mapping; the lifetime is held within what is sensible.
    init(_ method: Method, external: TransportAddress, seconds: UInt32) {
        self.method = method
        self.external = external
        lifetime = min(
            max(.seconds(Int64(seconds)), Self.lifetimeBounds.lowerBound),
            Self.lifetimeBounds.upperBound)
    }

    /// Whether the address can be offered to a peer: one on the internet, with a port that peers use.
    /// A gateway that stands behind another one names an address that nobody outside can reach, and a
    /// lying one could name this machine or a neighbour's.
    public var isReachableFromAfar: Bool {
        external.isGlobal && external.port >= CandidateList.lowestPeerPort
    }
}

extension TransportAddress {
    /// Blocks that lead nowhere on the internet though a machine may have them (RFC 1918, RFC 3927,
    /// RFC 4193, RFC 4291 §2.5.6, RFC 6598).
    private static let local: [AddressRange] = [
        AddressRange([10, 0, 0, 0], 8),
        AddressRange([172, 16, 0, 0], 12),
        AddressRange([192, 168, 0, 0], 16),
        AddressRange([169, 254, 0, 0], 16),
        AddressRange([100, 64, 0, 0], 10),
        AddressRange([0xFC] + [UInt8](repeating: 0, count: 15), 7),
        AddressRange([0xFE, 0x80] + [UInt8](repeating: 0, count: 14), 10),
    ]

    /// Whether packets to this address can cross the internet.
    var isGlobal: Bool {
        isUnicastToAnother && !Self.local.contains { $0.contains(self) }
    }

    /// This address with another port.
    func with(port: UInt16) -> TransportAddress {
        TransportAddress(bytes: bytes, port: port) ?? self
    }
}

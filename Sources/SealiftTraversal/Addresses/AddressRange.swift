/// A block of addresses, such as 10.0.0.0/8 (CIDR, RFC 4632 and RFC 4291).
public struct AddressRange: Hashable, Sendable {
    private let network: TransportAddress
    private let prefixLength: Int

    /// The block of all addresses that share the first `prefixLength` bits with `bytes`; nil unless
    /// there are 4 or 16 bytes and no more bits than they have.
    public init?(bytes: some Collection<UInt8>, prefixLength: Int) {
        guard let network = TransportAddress(bytes: bytes, port: 0),
            (0...(network.family.byteCount * 8)).contains(prefixLength)
        else { return nil }
        self.network = network
        self.prefixLength = prefixLength
    }

    /// A block that is known to be one.
    init(_ bytes: [UInt8], _ prefixLength: Int) {
        guard let range = AddressRange(bytes: bytes, prefixLength: prefixLength) else {
            preconditionFailure("a constant block is a block")
        }
        self = range
    }

    /// Whether `address`, whatever its port, lies in the block.
    public func contains(_ address: TransportAddress) -> Bool {
        guard address.family == network.family else { return false }
        // Bits to look at in each half; IPv4 stands in the lower 32 bits of the lower one.
        let unused = network.family == .ipv4 ? 32 : 0
        let highBits = network.family == .ipv4 ? 0 : min(prefixLength, 64)
        let lowBits = prefixLength - highBits + unused
        return (address.high ^ network.high) & Self.mask(highBits) == 0
            && (address.low ^ network.low) & Self.mask(lowBits) == 0
    }

    /// The `bits` highest bits of a word.
    private static func mask(_ bits: Int) -> UInt64 { ~(~0 >> UInt64(bits)) }
}

extension TransportAddress {
    /// Blocks that no peer at another machine can be reached at: this machine, everybody at once, or
    /// nobody (the registries of RFC 6890, less what is private: a peer may share our LAN).
    private static let unreachable: [AddressRange] = [
        AddressRange([0, 0, 0, 0], 8),
        AddressRange([127, 0, 0, 0], 8),
        // Multicast, reserved and broadcast.
        AddressRange([224, 0, 0, 0], 3),
        // Unspecified, loopback, and IPv4 written as IPv6, which would pass the rules of its family by.
        AddressRange([UInt8](repeating: 0, count: 16), 96),
        AddressRange([UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + [0, 0, 0, 0], 96),
        AddressRange([0xFF] + [UInt8](repeating: 0, count: 15), 8),
    ]

    /// Whether packets to this address leave the machine for one other machine.
    public var isUnicastToAnother: Bool {
        !Self.unreachable.contains { $0.contains(self) }
    }

    /// Blocks that mean another machine in every network: RFC 1918, RFC 6598 (carriers' NATs), RFC 3927
    /// and RFC 4291 (one link), RFC 4193 (unique local).
    private static let privateBlocks: [AddressRange] = [
        AddressRange([10, 0, 0, 0], 8),
        AddressRange([172, 16, 0, 0], 12),
        AddressRange([192, 168, 0, 0], 16),
        AddressRange([100, 64, 0, 0], 10),
        AddressRange([169, 254, 0, 0], 16),
        AddressRange([0xFE, 0x80] + [UInt8](repeating: 0, count: 14), 10),
        AddressRange([0xFC] + [UInt8](repeating: 0, count: 15), 7),
    ]

    /// Whether the address means something only inside one network.
    public var isPrivate: Bool {
        Self.privateBlocks.contains { $0.contains(self) }
    }
}

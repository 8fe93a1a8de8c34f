import CSealiftSys

extension SocketAddress {
    /// Reads the kernel's form.
    /// - Returns: nil where the kernel told no address.
    @inline(__always)
    init?(_ address: sealift_address) {
        guard let family = Family(rawValue: address.family) else { return nil }
        let (high, low) = withUnsafeBytes(of: address.bytes) { bytes in
            (
                UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self =
            family == .ipv4
            ? SocketAddress(family: .ipv4, high: 0, low: high >> 32, port: address.port, scope: 0)
            : SocketAddress(
                family: .ipv6, high: high, low: low, port: address.port, scope: address.scope)
    }

    /// The kernel's form.
    @inline(__always)
    var kernelForm: sealift_address {
        var address = sealift_address()
        address.family = family.rawValue
        address.port = port
        address.scope = scope
        let first = family == .ipv4 ? low << 32 : high
        withUnsafeMutableBytes(of: &address.bytes) { bytes in
            bytes.storeBytes(of: first.bigEndian, as: UInt64.self)
            bytes.storeBytes(
                of: family == .ipv4 ? 0 : low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return address
    }
}

extension SocketAddress {
    /// The address of this machine that a datagram to here would leave from now, with port 0; nil
    /// where there is no way at the moment. Sends nothing.
    public var localSource: SocketAddress? {
        var (remote, source) = (kernelForm, sealift_address())
        guard sealift_datagram_source(&remote, &source) == 0 else { return nil }
        return SocketAddress(source)
    }
}

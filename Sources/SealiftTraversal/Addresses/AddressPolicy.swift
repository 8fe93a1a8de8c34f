/// Which addresses the user lets sealift offer, probe and answer. Everything, unless told otherwise.
public struct AddressPolicy: Equatable, Sendable {
    /// If not empty: only addresses in these blocks.
    public var allowed: [AddressRange]
    /// Never addresses in these blocks; they win over ``allowed``.
    public var denied: [AddressRange]

    /// Makes a policy.
    public init(allowed: [AddressRange] = [], denied: [AddressRange] = []) {
        self.allowed = allowed
        self.denied = denied
    }

    /// Whether `address` may be used.
    public func permits(_ address: TransportAddress) -> Bool {
        guard !denied.contains(where: { $0.contains(address) }) else { return false }
        return allowed.isEmpty || allowed.contains { $0.contains(address) }
    }
}

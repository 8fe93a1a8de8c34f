// For those who keep addresses in words on the packet path, where an array would be an allocation.
extension TransportAddress {
    /// The address as one big-endian number: IPv4 in the lowest 32 bits of `low`.
    public var words: (high: UInt64, low: UInt64) { (high, low) }

    /// Makes the address of ``words``.
    public init(family: Family, words: (UInt64, UInt64), port: UInt16) {
        self.family = family
        high = words.0
        low = words.1
        self.port = port
    }
}

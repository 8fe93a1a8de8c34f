extension AddressRange {
    /// Reads a block as people write it, `10.0.0.0/8` or `2001:db8::/32`; a single address is the block
    /// of itself. Bits behind the prefix count for nothing.
    /// - Parameter parse: reads the address in front of the slash: 4 or 16 bytes, or nil.
    public init?(_ text: String, parse: (String) -> [UInt8]?) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bytes = parts.first.flatMap({ parse(String($0)) }) else { return nil }
        var prefixLength = bytes.count * 8
        if parts.count > 1 {
            let digits = parts[1]
            guard (1...3).contains(digits.utf8.count),
                digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(digits)
            else { return nil }
            prefixLength = number
        }
        self.init(bytes: bytes, prefixLength: prefixLength)
    }
}

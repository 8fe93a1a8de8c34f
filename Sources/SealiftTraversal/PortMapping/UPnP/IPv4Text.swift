extension TransportAddress {
    /// The IPv4 address that `text` writes in dotted decimals, without a port; nil for anything else.
    /// Names are not looked up, and no other notation (octal, short forms) is read.
    init?(dottedQuad text: some StringProtocol, port: UInt16 = 0) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let number = UInt8(decimal: part) else { return nil }
            bytes.append(number)
        }
        self.init(bytes: bytes, port: port)
    }

    /// The IPv4 address in dotted decimals, without its port; nil for IPv6.
    var dottedQuad: String? {
        guard family == .ipv4 else { return nil }
        return bytes.map { String($0) }.joined(separator: ".")
    }
}

extension FixedWidthInteger {
    /// The number that `digits` write in plain ASCII decimals, without sign, space or leading zero.
    init?(decimal digits: some Collection<UInt8>) {
        guard (1...10).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.count == 1 || digits.first != 0x30,
            let number = UInt64(String(decoding: digits, as: UTF8.self))
        else { return nil }
        self.init(exactly: number)
    }
}

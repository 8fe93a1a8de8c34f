import SealiftBase

/// CRC-32C (Castagnoli; RFC 3720 §B.4): finds torn and misplaced records on our own disk. Not a
/// defence against anyone who can write there.
struct CyclicRedundancyCheck: Sendable {
    private var state: UInt32 = .max

    /// Eight tables of 256: the first has one step of eight bits for each byte value, of the reversed
    /// polynomial 0x82F63B78; table n goes n bytes further. So eight bytes take one step (slicing by
    /// eight): the journal of half a terabyte is read in a fraction of a second.
    private static let table: [UInt32] = {
        var table: [UInt32] = []
        table.reserveCapacity(2_048)
        for value in 0..<UInt32(256) {
            var remainder = value
            for _ in 0..<8 {
                let half = remainder >> 1
                remainder = remainder & 1 == 1 ? half ^ 0x82F6_3B78 : half
            }
            table.append(remainder)
        }
        for index in 256..<2_048 {
            let before = table[index - 256]
            table.append(before >> 8 ^ table[Int(before & 0xFF)])
        }
        return table
    }()

    /// Takes the next bytes, eight at a time.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var state = state
        var offset = 0
        Self.table.withUnsafeBufferPointer { table in
            while bytes.count - offset >= 8 {
                let word = UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let low = state ^ UInt32(truncatingIfNeeded: word)
                let high = UInt32(truncatingIfNeeded: word >> 32)
                var next = table[1_792 + Int(low & 0xFF)]
                next ^= table[1_536 + Int(low >> 8 & 0xFF)]
                next ^= table[1_280 + Int(low >> 16 & 0xFF)]
                next ^= table[1_024 + Int(low >> 24)]
                next ^= table[768 + Int(high & 0xFF)]
                next ^= table[512 + Int(high >> 8 & 0xFF)]
                next ^= table[256 + Int(high >> 16 & 0xFF)]
                state = next ^ table[Int(high >> 24)]
                offset += 8
            }
            while offset < bytes.count {
                state = state >> 8 ^ table[Int((state ^ UInt32(bytes[offset])) & 0xFF)]
                offset += 1
            }
        }
        self.state = state
    }

    /// Takes the next bytes.
    mutating func update(_ bytes: some Sequence<UInt8>) {
        Self.table.withUnsafeBufferPointer { table in
            for byte in bytes {
                state = state >> 8 ^ table[Int((state ^ UInt32(byte)) & 0xFF)]
            }
        }
    }

    /// The check of all bytes taken.
    var value: UInt32 { ~state }

    /// The check of `bytes`.
    static func value(of bytes: some Sequence<UInt8>) -> UInt32 {
        var check = CyclicRedundancyCheck()
        check.update(bytes)
        return check.value
    }
}

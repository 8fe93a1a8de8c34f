import SealiftBase

/// CRC-32C (Castagnoli; RFC 3720 §B.4): finds torn and misplaced records on our own disk. Not a
/// defence against anyone who can write there.
struct CyclicRedundancyCheck: Sendable {
    private var state: UInt32 = .max

    /// One step of eight bits for each byte value, of the reversed polynomial 0x82F63B78.
    private static let table: [UInt32] = (0..<256).map { value in
        (0..<8).reduce(UInt32(value)) { remainder, _ in
            remainder & 1 == 1 ? remainder >> 1 ^ 0x82F6_3B78 : remainder >> 1
        }
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

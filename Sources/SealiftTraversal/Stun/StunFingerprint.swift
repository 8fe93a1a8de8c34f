/// The FINGERPRINT attribute (RFC 8489 §14.7): tells STUN from other traffic on one port. No defence
/// against anybody.
enum StunFingerprint {
    /// The value over all bytes of the message before the attribute, whose header counts its length in
    /// already: CRC-32 xored with `"STUN"`.
    static func value(of message: some Sequence<UInt8>) -> UInt32 {
        var remainder: UInt32 = ~0
        for byte in message {
            remainder = remainder >> 8 ^ table[Int((remainder ^ UInt32(byte)) & 0xFF)]
        }
        return ~remainder ^ 0x5354_554E
    }

    /// CRC-32 of ITU V.42, reflected, polynomial 0x04C11DB7.
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
        }
    }
}

/// Value checks of Curve25519 and Ed25519 encodings.
///
/// The library computes with whatever it is given: it reduces values of 2^255 − 19 and more, ignores
/// a top bit, and multiplies points of small order, which let a peer fix the result of the exchange
/// (RFC 7748 §6.1) or pass a signature under several keys. Every such encoding is on the short
/// lists here, so comparing values is enough; the inputs are public keys, so plain comparison is
/// right.
enum CurvePoint {
    /// Whether `bytes` may be used as a peer's X25519 public key: 32 bytes, top bit clear, below
    /// 2^255 − 19, and not of small order (PROTOCOL §4.1 "Refused").
    static func isAcceptableX25519(_ bytes: [UInt8]) -> Bool {
        bytes.count == 32 && bytes[31] & 0x80 == 0 && isBelowPrime(bytes)
            && !smallOrderMontgomery.contains(bytes)
    }

    /// Whether `bytes` may be used as a peer's Ed25519 public key: 32 bytes, canonical, and not of
    /// small order (PROTOCOL §4.1 "Refused").
    static func isAcceptableEd25519(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 32 else { return false }
        // The top bit is the sign of x. Every point with one of the listed y has small order, and
        // the only non-canonical signs (x = 0) are among them.
        var y = bytes
        y[31] &= 0x7F
        return isBelowPrime(y) && !smallOrderEdwards.contains(y)
    }

    /// Whether the little-endian value, below 2^255, is below 2^255 − 19.
    private static func isBelowPrime(_ bytes: [UInt8]) -> Bool {
        guard bytes[31] == 0x7F else { return true }
        return bytes[1..<31].contains { $0 != 0xFF } || bytes[0] < 0xED
    }

    private static let zero = [UInt8](repeating: 0, count: 32)
    private static let one = [1] + [UInt8](repeating: 0, count: 31)
    private static let minusOne = [0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]

    /// The u-coordinates of order 1, 2, 4 and 8 on the curve and its twist, canonical
    /// (Curve25519 paper, and RFC 7748 §7's reference to it).
    private static let smallOrderMontgomery: Set<[UInt8]> = [
        zero, one, minusOne,
        [
            0xE0, 0xEB, 0x7A, 0x7C, 0x3B, 0x41, 0xB8, 0xAE, 0x16, 0x56, 0xE3, 0xFA, 0xF1, 0x9F,
            0xC4, 0x6A, 0xDA, 0x09, 0x8D, 0xEB, 0x9C, 0x32, 0xB1, 0xFD, 0x86, 0x62, 0x05, 0x16,
            0x5F, 0x49, 0xB8, 0x00,
        ],
        [
            0x5F, 0x9C, 0x95, 0xBC, 0xA3, 0x50, 0x8C, 0x24, 0xB1, 0xD0, 0xB1, 0x55, 0x9C, 0x83,
            0xEF, 0x5B, 0x04, 0x44, 0x5C, 0xC4, 0x58, 0x1C, 0x8E, 0x86, 0xD8, 0x22, 0x4E, 0xDD,
            0xD0, 0x9F, 0x11, 0x57,
        ],
    ]

    /// The y-coordinates, sign bit clear, of the points of order 1, 2, 4 and 8.
    private static let smallOrderEdwards: Set<[UInt8]> = [
        zero, one, minusOne,
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF,
            0x98, 0xF0, 0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88,
            0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10,
            0x67, 0x0F, 0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77,
            0x92, 0xAC, 0x03, 0x7A,
        ],
    ]
}

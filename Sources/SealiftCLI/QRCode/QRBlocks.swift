/// How the codewords of a version and level are divided into blocks, each with error correction of its own
/// (ISO/IEC 18004:2015 §7.5, §7.6, table 9).
struct QRBlocks {
    /// Codewords of error correction in each block, by version from 1.
    private static let correctionCounts: [QRCode.Level: [Int]] = [
        .low: [
            7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28,
            30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
        ],
        .medium: [
            10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28,
            28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        ],
    ]
    /// Blocks, by version from 1.
    private static let blockCounts: [QRCode.Level: [Int]] = [
        .low: [
            1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13,
            14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25,
        ],
        .medium: [
            1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21,
            23,
            25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
        ],
    ]

    /// All codewords, of both kinds.
    let totalCount: Int
    private let correctionCount: Int
    private let blockCount: Int

    /// - Precondition: `version` is one of ``QRGrid/versions``.
    init(version: Int, level: QRCode.Level) {
        totalCount = QRGrid.dataModuleCount(version: version) / 8
        correctionCount = Self.correctionCounts[level, default: []][version - 1]
        blockCount = Self.blockCounts[level, default: []][version - 1]
    }

    /// Codewords for data.
    var dataCount: Int { totalCount - correctionCount * blockCount }

    /// The data with its error correction, a codeword of each block in turn (§7.6).
    func interleaved(_ data: [UInt8]) -> [UInt8] {
        // The last blocks are a codeword longer where they do not divide evenly.
        let shortLength = dataCount / blockCount
        let shortCount = blockCount - dataCount % blockCount
        let correction = ReedSolomon(degree: correctionCount)
        var blocks: [ArraySlice<UInt8>] = []
        var start = 0
        for number in 0..<blockCount {
            let end = start + shortLength + (number < shortCount ? 0 : 1)
            blocks.append(data[start..<end])
            start = end
        }
        let corrections = blocks.map(correction.remainder)
        var codewords: [UInt8] = []
        for place in 0...shortLength {
            for block in blocks where place < block.count {
                codewords.append(block[block.startIndex + place])
            }
        }
        for place in 0..<correctionCount {
            for correction in corrections { codewords.append(correction[place]) }
        }
        return codewords
    }
}

/// Error correction over GF(256) modulo x⁸ + x⁴ + x³ + x² + 1 (ISO/IEC 18004:2015 §7.5.2, annex A).
struct ReedSolomon {
    /// The generator's coefficients from the second highest power down; the highest has 1.
    private let divisor: [UInt8]

    /// - Parameter degree: how many codewords of correction a block gets.
    init(degree: Int) {
        // The product of (x − 2⁰), (x − 2¹), … (x − 2^(degree − 1)).
        var coefficients = [UInt8](repeating: 0, count: degree)
        coefficients[degree - 1] = 1
        var root: UInt8 = 1
        for _ in 0..<degree {
            for place in coefficients.indices {
                coefficients[place] = Self.multiply(coefficients[place], root)
                if place + 1 < degree { coefficients[place] ^= coefficients[place + 1] }
            }
            root = Self.multiply(root, 2)
        }
        divisor = coefficients
    }

    /// The codewords of correction for a block.
    func remainder(of block: ArraySlice<UInt8>) -> [UInt8] {
        var remainder = [UInt8](repeating: 0, count: divisor.count)
        for byte in block {
            let factor = byte ^ remainder.removeFirst()
            remainder.append(0)
            for place in remainder.indices {
                remainder[place] ^= Self.multiply(divisor[place], factor)
            }
        }
        return remainder
    }

    /// The product in the field.
    static func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var product: UInt8 = 0
        for place in (0..<8).reversed() {
            product = product << 1 ^ (product >> 7 == 1 ? 0x1D : 0)
            if right >> place & 1 == 1 { product ^= left }
        }
        return product
    }
}

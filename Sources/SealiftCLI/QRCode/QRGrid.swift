/// The modules of a QR code while it is drawn (ISO/IEC 18004:2015 §6.3, §7.7 to §7.10).
struct QRGrid: Equatable {
    static let versions = 1...40
    static let maskCount = 8

    /// Modules along one side.
    let size: Int
    private var dark: [Bool]
    /// Modules that are no data: patterns, format and version.
    private var isReserved: [Bool]

    /// The patterns of a version, with room for format and data.
    /// - Precondition: `version` is one of ``versions``.
    init(version: Int) {
        size = version * 4 + 17
        dark = [Bool](repeating: false, count: size * size)
        isReserved = dark
        for place in 0..<size {
            set(6, place, place % 2 == 0)
            set(place, 6, place % 2 == 0)
        }
        for (row, column) in [(3, 3), (3, size - 4), (size - 4, 3)] {
            drawFinder(row, column)
        }
        let centres = Self.alignmentCentres(version: version)
        for row in centres {
            for column in centres where !Self.isAtFinder(row, column, size) {
                drawSquares(row, column, radius: 2) { $0 != 1 }
            }
        }
        drawFormatBits(0)
        drawVersion(version)
    }

    subscript(row: Int, column: Int) -> Bool { dark[row * size + column] }

    private mutating func set(_ row: Int, _ column: Int, _ isDark: Bool) {
        dark[row * size + column] = isDark
        isReserved[row * size + column] = true
    }

    // MARK: Patterns

    /// A finder pattern with its separator.
    private mutating func drawFinder(_ row: Int, _ column: Int) {
        drawSquares(row, column, radius: 4) { $0 != 2 && $0 != 4 }
    }

    /// Squares around a centre, one in the other, as far as they lie in the code; `isDark` by distance.
    private mutating func drawSquares(
        _ row: Int, _ column: Int, radius: Int, _ isDark: (Int) -> Bool
    ) {
        for down in -radius...radius {
            for right in -radius...radius {
                let (row, column) = (row + down, column + right)
                guard 0..<size ~= row, 0..<size ~= column else { continue }
                set(row, column, isDark(max(abs(down), abs(right))))
            }
        }
    }

    /// Rows, and columns, of the centres of alignment patterns (annex E).
    static func alignmentCentres(version: Int) -> [Int] {
        guard version > 1 else { return [] }
        let count = version / 7 + 2
        let last = version * 4 + 10
        // Evenly spaced from the last one back, by an even number; annex E makes one exception.
        let step = version == 32 ? 26 : (version * 4 + count * 2 + 1) / (count * 2 - 2) * 2
        return [6] + (0..<(count - 1)).map { last - $0 * step }.reversed()
    }

    private static func isAtFinder(_ row: Int, _ column: Int, _ size: Int) -> Bool {
        (row == 6 && column == 6) || (row == 6 && column == size - 7)
            || (row == size - 7 && column == 6)
    }

    /// Modules that are neither pattern nor format nor version: the data, and up to seven that stay over.
    static func dataModuleCount(version: Int) -> Int {
        let size = version * 4 + 17
        // Finders with their separators and the format, the module that is always dark with them; timing.
        var count = size * size - 3 * 64 - 31 - 2 * (size - 16)
        let centres = alignmentCentres(version: version).count
        if centres > 0 {
            // Those on the timing patterns share five modules with them.
            count -= (centres * centres - 3) * 25 - 2 * (centres - 2) * 5
        }
        if version >= 7 { count -= 36 }
        return count
    }

    // MARK: Format and version

    /// Writes level and mask (§7.9).
    mutating func drawFormat(level: QRCode.Level, mask: Int) {
        let data = level.indicator << 3 | mask
        let bits = data << 10 | Self.remainder(of: data << 10, by: 0b101_0011_0111, degree: 10)
        drawFormatBits(bits ^ 0b101_0100_0001_0010)
    }

    /// Fifteen bits, twice: around the first finder, and shared between the others.
    private mutating func drawFormatBits(_ bits: Int) {
        for place in 0..<15 {
            let isDark = bits >> place & 1 == 1
            switch place {
            case 0..<6: set(place, 8, isDark)
            case 6: set(7, 8, isDark)
            case 7: set(8, 8, isDark)
            case 8: set(8, 7, isDark)
            default: set(8, 14 - place, isDark)
            }
            if place < 8 {
                set(8, size - 1 - place, isDark)
            } else {
                set(size - 15 + place, 8, isDark)
            }
        }
        set(size - 8, 8, true)
    }

    /// Eighteen bits, twice, from version 7 on (§7.10).
    private mutating func drawVersion(_ version: Int) {
        guard version >= 7 else { return }
        let bits =
            version << 12
            | Self.remainder(of: version << 12, by: 0b1_1111_0010_0101, degree: 12)
        for place in 0..<18 {
            let isDark = bits >> place & 1 == 1
            set(place / 3, size - 11 + place % 3, isDark)
            set(size - 11 + place % 3, place / 3, isDark)
        }
    }

    /// The remainder of a division of polynomials over GF(2).
    private static func remainder(of value: Int, by divisor: Int, degree: Int) -> Int {
        var rest = value
        while rest >> degree != 0 {
            rest ^= divisor << (Int.bitWidth - 1 - rest.leadingZeroBitCount - degree)
        }
        return rest
    }

    // MARK: Data

    /// Places the codewords in columns of two, from the last up and down, and lays a mask over them
    /// (§7.7.3, §7.8.2).
    mutating func draw(_ codewords: [UInt8], mask: Int) {
        var place = 0
        var upwards = true
        var right = size - 1
        while right > 0 {
            if right == 6 { right = 5 }  // the timing pattern's own column
            for step in 0..<size {
                let row = upwards ? size - 1 - step : step
                for column in [right, right - 1] where !isReserved[row * size + column] {
                    let bit =
                        place < codewords.count * 8
                        && codewords[place / 8] >> (7 - place % 8) & 1 == 1
                    place += 1
                    dark[row * size + column] = bit != Self.isMasked(row, column, mask)
                }
            }
            upwards.toggle()
            right -= 2
        }
    }

    /// Whether a mask turns a module (table 10).
    private static func isMasked(_ row: Int, _ column: Int, _ mask: Int) -> Bool {
        switch mask {
        case 0: (row + column) % 2 == 0
        case 1: row % 2 == 0
        case 2: column % 3 == 0
        case 3: (row + column) % 3 == 0
        case 4: (row / 2 + column / 3) % 2 == 0
        case 5: row * column % 2 + row * column % 3 == 0
        case 6: (row * column % 2 + row * column % 3) % 2 == 0
        default: ((row + column) % 2 + row * column % 3) % 2 == 0
        }
    }

    // MARK: Penalty

    /// How hard the code is to read: the mask with the least is taken (§7.8.3).
    var penalty: Int {
        var sum = 0
        for line in 0..<size {
            sum += linePenalty { self[line, $0] } + linePenalty { self[$0, line] }
        }
        for row in 0..<(size - 1) {
            for column in 0..<(size - 1) {
                let first = self[row, column]
                if first == self[row, column + 1], first == self[row + 1, column],
                    first == self[row + 1, column + 1]
                {
                    sum += 3
                }
            }
        }
        let percent = dark.count { $0 } * 100 / dark.count
        return sum + abs(percent - 50) / 5 * 10
    }

    /// Of one row or column: runs of one colour, and what looks like a finder pattern.
    private func linePenalty(_ isDark: (Int) -> Bool) -> Int {
        var sum = 0
        var run = 0
        var window = 0
        for place in 0..<size {
            run = place > 0 && isDark(place) == isDark(place - 1) ? run + 1 : 1
            if run == 5 { sum += 3 } else if run > 5 { sum += 1 }
            window = (window << 1 | (isDark(place) ? 1 : 0)) & 0b111_1111_1111
            if place >= 10, window == 0b101_1101_0000 || window == 0b000_0101_1101 { sum += 40 }
        }
        return sum
    }
}

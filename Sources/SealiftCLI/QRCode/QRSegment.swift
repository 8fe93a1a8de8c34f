/// What a QR code says, as its data codewords (ISO/IEC 18004:2015 §7.4).
struct QRSegment {
    /// How characters become bits.
    enum Mode {
        case alphanumeric, byte

        /// Says the mode in the data (table 2).
        var indicator: Int { self == .alphanumeric ? 0b0010 : 0b0100 }

        /// Bits of the character count (table 3).
        func countBits(version: Int) -> Int {
            switch (self, version) {
            case (.alphanumeric, ...9): 9
            case (.alphanumeric, ...26): 11
            case (.alphanumeric, _): 13
            case (.byte, ...9): 8
            case (.byte, _): 16
            }
        }
    }

    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".utf8)
    /// Added in turn up to the capacity (§7.4.10).
    private static let padding: [UInt8] = [0xEC, 0x11]

    let mode: Mode
    private let bytes: [UInt8]
    /// In alphanumeric mode each character's value (table 5).
    private let values: [Int]

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let values = bytes.compactMap(Self.alphabet.firstIndex)
        mode = values.count == bytes.count ? .alphanumeric : .byte
        self.values = values
    }

    /// The segment of `bytes`, and the smallest version and highest level of it that hold it; nil where
    /// none does.
    static func fit(_ bytes: [UInt8]) -> (segment: QRSegment, version: Int, level: QRCode.Level)? {
        let segment = QRSegment(bytes)
        for version in QRGrid.versions {
            let levels = QRCode.Level.allCases.filter {
                segment.bitCount(version: version)
                    <= QRBlocks(version: version, level: $0).dataCount * 8
            }
            if let level = levels.last { return (segment, version, level) }
        }
        return nil
    }

    private func bitCount(version: Int) -> Int {
        let data =
            switch mode {
            case .alphanumeric: bytes.count / 2 * 11 + bytes.count % 2 * 6
            case .byte: bytes.count * 8
            }
        return 4 + mode.countBits(version: version) + data
    }

    /// Mode, count, data, terminator and padding.
    func codewords(version: Int, level: QRCode.Level) -> [UInt8] {
        let capacity = QRBlocks(version: version, level: level).dataCount
        var bits: [Bool] = []
        func append(_ value: Int, _ count: Int) {
            for place in (0..<count).reversed() { bits.append(value >> place & 1 == 1) }
        }
        append(mode.indicator, 4)
        append(bytes.count, mode.countBits(version: version))
        switch mode {
        case .alphanumeric:
            for start in stride(from: 0, to: values.count, by: 2) {
                if start + 1 < values.count {
                    append(values[start] * 45 + values[start + 1], 11)
                } else {
                    append(values[start], 6)
                }
            }
        case .byte:
            for byte in bytes { append(Int(byte), 8) }
        }
        // The terminator, as much of it as there is room for, and then whole codewords.
        append(0, min(4, capacity * 8 - bits.count))
        append(0, (8 - bits.count % 8) % 8)
        var codewords = stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<start + 8].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        }
        for place in 0..<(capacity - codewords.count) { codewords.append(Self.padding[place % 2]) }
        return codewords
    }
}

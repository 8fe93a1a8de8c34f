/// A QR code: a square of dark and light modules that cameras read (ISO/IEC 18004:2015).
///
/// Writes one segment, in alphanumeric mode where every character allows it and in byte mode else, in the
/// smallest version that holds it, and in the highest level of error correction that this version has room
/// for. Reads nothing.
struct QRCode: Equatable {
    /// How much of a code may be unreadable and still be mended (§6.5.1).
    enum Level: Int, CaseIterable {
        /// About 7 % of the codewords.
        case low
        /// About 15 %.
        case medium

        /// The level as the format information says it (table 12).
        var indicator: Int { self == .low ? 0b01 : 0b00 }
    }

    /// 1 to 40.
    let version: Int
    let level: Level
    /// Which of the eight patterns is laid over the data (§7.8).
    let mask: Int
    private let grid: QRGrid

    /// Modules along one side, without the quiet zone.
    var size: Int { grid.size }

    /// The light modules that readers need on every side (§6.3.8).
    static let quietZone = 4

    /// The code of `text`; nil if it is longer than any code can hold.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let fit = QRSegment.fit(bytes) else { return nil }
        version = fit.version
        level = fit.level
        let codewords = QRBlocks(version: version, level: level)
            .interleaved(fit.segment.codewords(version: version, level: level))
        var best: (grid: QRGrid, mask: Int, penalty: Int)?
        for mask in 0..<QRGrid.maskCount {
            var grid = QRGrid(version: version)
            grid.draw(codewords, mask: mask)
            grid.drawFormat(level: level, mask: mask)
            let penalty = grid.penalty
            if best.map({ penalty < $0.penalty }) ?? true { best = (grid, mask, penalty) }
        }
        guard let best else { return nil }
        grid = best.grid
        mask = best.mask
    }

    /// Whether a module is dark; those outside the square, in the quiet zone, are light.
    func isDark(row: Int, column: Int) -> Bool {
        guard 0..<size ~= row, 0..<size ~= column else { return false }
        return grid[row, column]
    }
}

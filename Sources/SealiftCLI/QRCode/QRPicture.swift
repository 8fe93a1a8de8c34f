internal import Sealift

/// A QR code as lines of a terminal: two rows of modules in each line, by half blocks, with the quiet zone.
struct QRPicture {
    let code: QRCode

    /// Columns of the terminal that it takes.
    var width: Int { code.size + 2 * QRCode.quietZone }

    /// Lines of the terminal that it takes.
    var height: Int { (width + 1) / 2 }

    /// The picture, each line with its end. With colours it is black on white, whatever the terminal's own
    /// are; without, light modules are drawn and dark ones are the background, as dark terminals need.
    func text(style: TerminalStyle) -> String {
        let places = -QRCode.quietZone..<(code.size + QRCode.quietZone)
        return stride(from: places.lowerBound, to: places.upperBound, by: 2).map { row in
            let line = places.map { column in
                // Below the last row lies nothing: light, as the quiet zone.
                Self.glyph(
                    upper: code.isDark(row: row, column: column) == style.hasColors,
                    lower: code.isDark(row: row + 1, column: column) == style.hasColors)
            }
            return style.ink(String(line)) + "\n"
        }.joined()
    }

    /// The character that draws the upper and the lower half of its cell, or leaves them.
    private static func glyph(upper: Bool, lower: Bool) -> Character {
        switch (upper, lower) {
        case (false, false): " "
        case (true, false): "▀"
        case (false, true): "▄"
        case (true, true): "█"
        }
    }

    /// The picture of `text` where standard error is a terminal that has room for all of it; else nil.
    static func fitting(_ text: String) -> QRPicture? {
        let stream = StandardStream.error
        guard stream.isTerminal, TerminalStyle.ofProcess().repaints, let code = QRCode(text) else {
            return nil
        }
        let picture = QRPicture(code: code)
        // Two lines stay for what is said above and below.
        return picture.width <= stream.width && picture.height + 2 <= stream.height ? picture : nil
    }

    /// The picture of `text`, which the user asked for.
    /// - Throws: where the terminal is too narrow for it.
    static func demanded(
        _ text: String, on stream: StandardStream
    ) throws(SealiftError) -> String {
        guard let code = QRCode(text) else {
            throw SealiftError(
                .usage, "this is too long for a QR code", advice: "Use the text itself.")
        }
        let picture = QRPicture(code: code)
        guard !stream.isTerminal || picture.width <= stream.width else {
            throw SealiftError(
                .usage, "the QR code takes \(picture.width) columns of the terminal",
                advice: "Make the terminal wider, or the font smaller.")
        }
        let style = TerminalStyle.choose(
            isTerminal: stream.isTerminal, term: Environment.text("TERM"),
            noColor: Environment.text("NO_COLOR"))
        return picture.text(style: style)
    }
}

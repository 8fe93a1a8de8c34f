/// Numbers as a person reads them.
enum ByteText {
    private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

    /// Three significant digits and a binary unit: `0 B`, `1.50 KiB`, `15.2 MiB`, `812 GiB`. Rounded down,
    /// so that nothing looks complete before it is.
    static func text(_ bytes: UInt64) -> String {
        var unit = 0
        var scale: UInt64 = 1
        while unit + 1 < units.count, bytes / scale >= 1_024 {
            scale *= 1_024
            unit += 1
        }
        return unit == 0 ? "\(bytes) B" : "\(digits(Double(bytes) / Double(scale))) \(units[unit])"
    }

    /// A part and its whole, with one unit where both have the same: `1.20/2.85 GiB`, `12.0 KiB/2.85 GiB`.
    static func fraction(_ part: UInt64, of whole: UInt64) -> String {
        let (partText, wholeText) = (text(part).split(separator: " "), text(whole))
        let isOneUnit = partText.last == wholeText.split(separator: " ").last
        return "\(isOneUnit ? String(partText[0]) : text(part))/\(wholeText)"
    }

    /// A rate.
    static func rate(_ bytesPerSecond: UInt64) -> String { text(bytesPerSecond) + "/s" }

    /// A count with its noun, which takes an s unless the count is 1.
    static func count(_ count: UInt64, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// The part of the whole in percent, rounded down, so that 100 means all; an empty whole is all.
    static func percent(_ part: UInt64, of whole: UInt64) -> Int {
        guard part < whole else { return 100 }
        return Int(whole.dividingFullWidth(part.multipliedFullWidth(by: 100)).quotient)
    }

    /// A value with `decimals` decimals, rounded down.
    static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite, value >= 0, value < 1e12 else { return "?" }
        let scale = (0..<decimals).reduce(1) { scale, _ in scale * 10 }
        let scaled = UInt64(value * Double(scale))
        guard decimals > 0 else { return "\(scaled)" }
        let fraction = String(scaled % UInt64(scale))
        let zeros = String(repeating: "0", count: decimals - fraction.count)
        return "\(scaled / UInt64(scale)).\(zeros)\(fraction)"
    }

    private static func digits(_ value: Double) -> String {
        fixed(value, decimals: value < 10 ? 2 : value < 100 ? 1 : 0)
    }
}

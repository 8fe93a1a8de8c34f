internal import ArgumentParser

/// A number of bytes as it stands on the command line: `200GB`, `1.5TB`, `64MiB`, `4096B`.
struct SizeArgument: Equatable {
    let bytes: UInt64

    /// The largest: an offer has no more (`docs/PROTOCOL.md` §11.7).
    private static let maximum: UInt64 = 1 << 62 - 1

    /// A unit is always said, as everywhere: KB, MB, GB, TB, PB are powers of a thousand, KiB and so on of
    /// 1,024. A bare G could be either.
    /// - Throws: what a size looks like.
    init(argument: String) throws {
        guard let bytes = Self.bytes(in: argument.lowercased()), bytes > 0, bytes <= Self.maximum
        else {
            throw ValidationError(
                "a size is a number with its unit, such as 200GB, 1.5TB, 64MiB or 4096B")
        }
        self.bytes = bytes
    }

    private static let units: [(String, UInt64)] = [
        ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("tib", 1 << 40), ("pib", 1 << 50),
        ("kb", 1_000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000),
        ("pb", 1_000_000_000_000_000), ("b", 1),
    ]

    private static func bytes(in text: String) -> UInt64? {
        guard let (unit, factor) = units.first(where: { text.hasSuffix($0.0) }) else { return nil }
        let parts = text.dropLast(unit.count).split(
            separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = number(parts[0], digits: 1...19) else { return nil }
        let (sum, overflow) = whole.multipliedReportingOverflow(by: factor)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return sum }
        // Of a byte there are no parts.
        guard factor > 1, let part = number(parts[1], digits: 1...3) else { return nil }
        let scale: UInt64 = [10, 100, 1_000][parts[1].utf8.count - 1]
        let (total, partOverflow) = sum.addingReportingOverflow(
            factor / scale * part + factor % scale * part / scale)
        return partOverflow ? nil : total
    }

    /// A number of so many digits and nothing else.
    private static func number(_ text: Substring, digits: ClosedRange<Int>) -> UInt64? {
        guard digits.contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return UInt64(text)
    }
}

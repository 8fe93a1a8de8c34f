/// The names that `--on-conflict rename` gives: `report (1).pdf` for `report.pdf`.
///
/// The number goes before the extension, which is what follows the last dot, or the last two where
/// the first of them is `.tar` (`data.tar.gz` → `data (1).tar.gz`). A dot at the front of a name
/// begins no extension (`.profile` → `.profile (1)`).
public enum NumberedName {
    /// The highest number that a name is read as having.
    public static let maximumNumber: UInt32 = 999_999_999

    /// `path` with `number` in its name; with 0, `path` itself. Nil where the name gets too long.
    public static func path(_ path: EntryPath, number: UInt32) -> EntryPath? {
        guard number > 0 else { return path }
        let (stem, ending) = split(path.name)
        var bytes = Array(path.bytes.dropLast(path.name.count))
        bytes += stem
        bytes += Array(" (\(number))".utf8)
        bytes += ending
        return try? EntryPath(bytes)
    }

    /// The path and number that ``path(_:number:)`` makes `path` from; nil where it is none of these.
    public static func parse(_ path: EntryPath) -> (original: EntryPath, number: UInt32)? {
        let (stem, ending) = split(path.name)
        guard stem.last == UInt8(ascii: ")"), let open = stem.lastIndex(of: UInt8(ascii: "(")),
            open > stem.startIndex, stem[open - 1] == UInt8(ascii: " ")
        else { return nil }
        let digits = stem[(open + 1)...].dropLast()
        guard !digits.isEmpty, digits.count <= 9, digits.first != UInt8(ascii: "0"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        let number = digits.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
        let front = Array(path.bytes.dropLast(path.name.count))
        guard let original = try? EntryPath(front + stem[..<(open - 1)] + ending),
            self.path(original, number: number) == path
        else { return nil }
        return (original, number)
    }

    /// Cuts a name before its extension.
    private static func split(
        _ name: ArraySlice<UInt8>
    ) -> (stem: ArraySlice<UInt8>, ending: ArraySlice<UInt8>) {
        let dot = UInt8(ascii: ".")
        guard let last = name.lastIndex(of: dot), last > name.startIndex else {
            return (name, name[name.endIndex...])
        }
        let front = name[..<last]
        if let first = front.lastIndex(of: dot), first > name.startIndex,
            front[first...].elementsEqual(".tar".utf8)
        {
            return (name[..<first], name[first...])
        }
        return (front, name[last...])
    }
}

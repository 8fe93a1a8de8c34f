public import SealiftBase

/// A manifest as a text file (PROTOCOL §8.4): what a transfer delivered, to be proven again later.
///
///     sealift manifest 1
///     root <64 hexadecimal digits>
///     f <64 hexadecimal digits>  <length>  <escaped path>
///
/// One line an entry, in listing order; the letter is `f` file, `x` executable file, `d` directory,
/// `l` symbolic link. The two ends of a transfer write the same bytes.
public enum ManifestText {
    /// Why a line is no line of a manifest.
    public enum Violation: Error, Equatable, Sendable {
        /// The first line is not that of a manifest.
        case notAManifest
        /// A manifest of a version that this build does not know.
        case unknownVersion
        /// A line that breaks the form.
        case malformedLine
    }

    /// The longest line: every byte of the longest path escaped, and what stands before it.
    public static let maximumLineLength = EntryPath.maximumByteCount * 4 + 128

    private static let firstWords = "sealift manifest "
    private static let version = "1"
    private static let rootWord = "root "

    /// The two lines before the entries, the same number of bytes for every root.
    public static func header(root: Hash256) -> String {
        "\(firstWords)\(version)\n\(rootWord)\(root.hexadecimal)\n"
    }

    /// The line of an entry.
    public static func line(_ entry: ManifestEntry) -> String {
        "\(letter(of: entry)) \(entry.content.root.hexadecimal)  \(entry.content.length)  "
            + PrintableText.escape(entry.path.bytes) + "\n"
    }

    /// Checks the first line, without its end.
    public static func checkFirstLine(_ line: String) throws(Violation) {
        guard line.hasPrefix(firstWords) else { throw .notAManifest }
        guard line.dropFirst(firstWords.count) == version else { throw .unknownVersion }
    }

    /// The root that the second line states, without its end.
    public static func root(in line: String) throws(Violation) -> Hash256 {
        guard line.hasPrefix(rootWord),
            let root = Hash256(hexadecimal: line.dropFirst(rootWord.count)),
            line == rootWord + root.hexadecimal
        else { throw .malformedLine }
        return root
    }

    /// The entry that a line states, without its end. Only what ``line(_:)`` writes is read.
    public static func entry(in line: String) throws(Violation) -> ManifestEntry {
        let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: false)
        guard fields.count == 6, fields[2].isEmpty, fields[4].isEmpty,
            let (kind, isExecutable) = kind(of: fields[0]),
            let root = Hash256(hexadecimal: fields[1]), let length = UInt64(fields[3]),
            let bytes = PrintableText.unescape(fields[5]), let path = try? EntryPath(bytes)
        else { throw .malformedLine }
        let entry = ManifestEntry(
            path: path, kind: kind, isExecutable: isExecutable,
            content: ContentID(length: length, root: root))
        // One text for one entry: signs, leading zeros and needless escapes are no other spelling.
        guard Self.line(entry) == line + "\n" else { throw .malformedLine }
        return entry
    }

    private static func letter(of entry: ManifestEntry) -> Character {
        switch entry.kind {
        case .file: entry.isExecutable ? "x" : "f"
        case .directory: "d"
        case .symbolicLink: "l"
        }
    }

    private static func kind(of letter: Substring) -> (EntryKind, isExecutable: Bool)? {
        switch letter {
        case "f": (.file, false)
        case "x": (.file, true)
        case "d": (.directory, false)
        case "l": (.symbolicLink, false)
        default: nil
        }
    }
}

extension PrintableText {
    /// The bytes that `text` stands for, as ``escape(_:)`` wrote it; nil for an escape it never writes.
    static func unescape(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "x"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                guard let value = Hexadecimal.decode(digits), value.count == 1 else { return nil }
                bytes.append(value[0])
                rest = rest.dropFirst(2)
            case UInt8(ascii: "u"):
                guard rest.popFirst() == UInt8(ascii: "{"),
                    let end = rest.firstIndex(of: UInt8(ascii: "}")),
                    let value = UInt32(String(decoding: rest[..<end], as: UTF8.self), radix: 16),
                    let scalar = Unicode.Scalar(value)
                else { return nil }
                bytes += Array(String(scalar).utf8)
                rest = rest[(end + 1)...]
            default:
                return nil
            }
        }
        return bytes
    }
}

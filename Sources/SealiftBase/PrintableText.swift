/// Text that may safely reach a terminal, a log or a page: the one way to print what a peer chose.
///
/// Control characters, format characters (bidirectional overrides, zero-width joiners), line and
/// paragraph separators, private-use and unassigned scalars, and bytes that are no UTF-8 appear as
/// `\xNN` or `\u{N…}`; a backslash appears as `\\`, so that the text stays unambiguous and can be
/// turned back. Answers escape codes and newlines in names (croc CVE-2023-43620, rsync
/// CVE-2026-53788) and names that reorder what stands beside them.
public enum PrintableText {
    /// The printable form of a name given as bytes.
    public static func escape(_ bytes: some Collection<UInt8>) -> String {
        let array = Array(bytes)
        var result = ""
        var decoder = UTF8()
        var iterator = array[...].makeIterator()
        var position = 0
        decoding: while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar):
                position += UTF8.width(scalar)
                append(scalar, to: &result)
            case .error:
                // Show the byte that could not be read, and go on behind it.
                result += "\\x" + Hexadecimal.encode([array[position]])
                position += 1
                iterator = array[position...].makeIterator()
                decoder = UTF8()
            case .emptyInput:
                break decoding
            }
        }
        return result
    }

    /// The printable form of `text`.
    public static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars { append(scalar, to: &result) }
        return result
    }

    private static func append(_ scalar: Unicode.Scalar, to result: inout String) {
        if scalar == "\\" {
            result += "\\\\"
        } else if isPrintable(scalar) {
            result.unicodeScalars.append(scalar)
        } else if scalar.value < 0x80 {
            result += "\\x" + Hexadecimal.encode([UInt8(scalar.value)])
        } else {
            result += "\\u{" + String(scalar.value, radix: 16) + "}"
        }
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        default:
            true
        }
    }
}

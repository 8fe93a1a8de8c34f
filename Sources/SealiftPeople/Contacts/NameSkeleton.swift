/// What a name looks like: names with equal skeletons pass for each other at a glance, so two contacts
/// never have the same (after "confusable skeletons", Unicode Technical Standard 39 §4).
///
/// The table holds the look-alikes among the letters that names may have, in the fonts of terminals:
/// Cyrillic and Greek letters that are drawn as Latin ones, digits and letters that are, and pairs that
/// run into one. It errs on the side of refusing.
public struct NameSkeleton: Hashable, Sendable {
    /// The letters that stand for all that look like them. It means something only beside another.
    public let text: String

    /// The skeleton of `name`.
    init(_ name: String) {
        var letters = ""
        // Capitals of other scripts are looked up before they are folded: Β is a B, its β is none.
        for scalar in name.unicodeScalars {
            if let latin = Self.latin[scalar] {
                letters += latin
            } else {
                for folded in scalar.properties.lowercaseMapping.unicodeScalars {
                    letters += Self.latin[folded] ?? String(folded)
                }
            }
        }
        letters.removeAll { "-_. ".contains($0) }
        for (pair, single) in [("rn", "m"), ("vv", "w"), ("cl", "d")] {
            letters = letters.replacing(pair, with: single)
        }
        text = letters
    }

    /// The script of a letter, by its Unicode name: the first word (`CYRILLIC SMALL LETTER A`). Nil for
    /// forms that only exist for compatibility, each of which is drawn like a plain letter.
    static func script(of letter: Unicode.Scalar) -> Substring? {
        // Unified ideographs and syllables are named by rule, and not all tables hold those names.
        switch letter.value {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x323AF: return "CJK"
        case 0xAC00...0xD7A3: return "HANGUL"
        // Small capitals and other phonetic forms; compatibility: letter-like symbols, presentation
        // forms, wide and mathematical letters.
        case 0x1D00...0x1DBF, 0x2100...0x214F, 0xF900...0xFAFF, 0xFB00...0xFDFF, 0xFE70...0xFEFF,
            0xFF00...0xFFEF,
            0x1D400...0x1D7FF, 0x1EE00...0x1EEFF, 0x2F800...0x2FA1F:
            return nil
        default:
            let word = letter.properties.name?.prefix { $0 != " " }
            return word == "MODIFIER" ? nil : word
        }
    }

    private static let latin: [Unicode.Scalar: String] = {
        var table: [Unicode.Scalar: String] = [:]
        for (alike, letter) in alikes {
            for scalar in alike.unicodeScalars { table[scalar] = letter }
        }
        return table
    }()

    /// The look-alikes of a Latin letter, as its skeleton stands for them.
    private static let alikes: [(String, String)] = [
        ("аАΑαɑ", "a"), ("ВΒβ", "b"), ("сСϲ", "c"), ("ԁ", "d"), ("еЕΕ", "e"), ("ɡ", "g"),
        ("нНΗһҺ", "h"), ("1IiіІΙιlLӏӀıɩ", "l"), ("јЈϳ", "j"), ("кКΚκ", "k"), ("мМΜ", "m"),
        ("пΝηո", "n"), ("0оОΟοσօ", "o"), ("рРΡρ", "p"), ("ԛ", "q"), ("г", "r"), ("5ѕЅ", "s"),
        ("тТΤτ", "t"), ("υս", "u"), ("νѵ", "v"), ("ѡωԝ", "w"), ("хХΧχ", "x"), ("уУΥγүҮ", "y"),
        ("Ζ", "z"), ("8", "b"), ("2", "z"), ("9", "g"),
    ]
}

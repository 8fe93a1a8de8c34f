/// The name under which a user keeps a contact: a nickname of his own, never one that the contact sets.
///
/// It stands in commands (`alice/llm-v3`, `bob:viewer`), on terminals, in logs and on pages. So it holds
/// nothing that any of them would act on, nothing invisible, and letters of one script only. Whether it
/// looks like another contact's, ``NameSkeleton`` tells.
public struct ContactName: Hashable, Sendable, CustomStringConvertible {
    /// The longest name, in bytes of UTF-8.
    public static let maximumByteCount = 64

    /// The name.
    public let text: String
    /// What it looks like.
    public let skeleton: NameSkeleton

    /// Takes `text` as a name.
    /// - Throws: ``ContactNameError``.
    public init(_ text: String) throws(ContactNameError) {
        guard !text.isEmpty, text.utf8.count <= Self.maximumByteCount else { throw .length }
        var scripts: Set<Substring> = []
        var isAfterLetter = false
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .otherLetter:
                guard let script = NameSkeleton.script(of: scalar) else { throw .character(scalar) }
                scripts.insert(script)
                isAfterLetter = true
            case .modifierLetter where scalar == "\u{30FC}":
                // The long vowel of Japanese, which half of all names in katakana have.
                scripts.insert("KATAKANA")
                isAfterLetter = false
            case .nonspacingMark, .spacingMark:
                // One mark on a letter; stacks of them reach into the lines around.
                guard isAfterLetter else { throw .character(scalar) }
                isAfterLetter = false
            case _ where ("0"..."9").contains(scalar):
                isAfterLetter = false
            case _ where "-_. ".unicodeScalars.contains(scalar):
                isAfterLetter = false
            default:
                throw .character(scalar)
            }
        }
        guard Self.mayStandTogether(scripts) else { throw .mixedScripts }
        // No option, no hidden file, nothing that trimming would change.
        guard let first = text.first, let last = text.last, !"-. ".contains(first), last != " ",
            !text.contains("  "), text.contains(where: { $0.isLetter || $0.isNumber })
        else { throw .shape }
        self.text = text
        skeleton = NameSkeleton(text)
    }

    /// As ``text``.
    public var description: String { text }

    /// Equal where the texts are, byte by byte.
    public static func == (left: ContactName, right: ContactName) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Hashes the bytes of the text.
    public func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }

    /// One script, or those of Japanese, Korean and Chinese writing that are read together.
    private static func mayStandTogether(_ scripts: Set<Substring>) -> Bool {
        scripts.count <= 1 || scripts.isSubset(of: ["CJK", "HIRAGANA", "KATAKANA"])
            || scripts.isSubset(of: ["CJK", "HANGUL"])
    }
}

/// Why a text is no contact's name.
public enum ContactNameError: Error, Equatable, Sendable {
    /// Empty, or longer than 64 bytes.
    case length
    /// This must not stand in a name, or not where it stands: controls, invisible and formatting
    /// characters, separators of commands, letters of compatibility forms.
    case character(Unicode.Scalar)
    /// Letters of scripts that are not written together: how one letter passes for another.
    case mixedScripts
    /// It begins with a hyphen, a full stop or a space, ends with a space, or has no letter or digit.
    case shape
}

import SealiftBase

/// The rules for characters that entry paths and link targets share (PROTOCOL §8.2).
enum NameText {
    /// The rule that a text breaks.
    enum Violation: Equatable {
        case notUTF8
        case controlCharacter
    }

    /// The first rule that `bytes` break, or nil.
    ///
    /// Refused are bytes that are no UTF-8 and characters that move a terminal's cursor or end a
    /// line (croc CVE-2023-43620, rsync CVE-2026-53788): C0, DEL, C1, U+2028 and U+2029.
    static func violation(in bytes: [UInt8]) -> Violation? {
        var isASCII = true
        for byte in bytes {
            if byte < 0x20 || byte == 0x7F { return .controlCharacter }
            if byte >= 0x80 { isASCII = false }
        }
        return isASCII ? nil : violation(inUnicode: bytes)
    }

    private static func violation(inUnicode bytes: [UInt8]) -> Violation? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar):
                switch scalar.value {
                case 0x80...0x9F, 0x2028, 0x2029: return .controlCharacter
                default: continue
                }
            case .emptyInput: return nil
            case .error: return .notUTF8
            }
        }
    }
}

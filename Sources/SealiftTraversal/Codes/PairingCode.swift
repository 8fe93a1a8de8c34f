internal import SealiftBase
public import SealiftCrypto

/// A short code that a person reads to another: `48213-copper-orbit-tiger`.
///
/// The number finds the other end at the rendezvous server and is known to it. The words are the
/// password of a CPace exchange and never leave this machine. A code is good for one try.
public struct PairingCode: Sendable {
    /// The words of a code; three are worth 33 bits, of which an attacker may try one value.
    public static let wordCount = 3
    /// The numbers there are: at least five digits, so that few are in use at a time.
    public static let numbers: ClosedRange<UInt32> = 10_000...999_999_999

    /// What the server knows the code by.
    public let number: UInt32
    private let words: [String]

    /// A code of random words for `number`; nil for a number that is none.
    public init?(number: UInt32, entropy: inout some EntropySource) {
        guard Self.numbers.contains(number) else { return nil }
        self.number = number
        let list = WordList.english.words
        words = (0..<Self.wordCount).map { _ in
            let random = entropy.bytes(2)
            return list[(Int(random[0]) << 8 | Int(random[1])) % list.count]
        }
    }

    /// A random number for a code.
    /// - Parameter digits: 5 to 9; more where many are in use already.
    public static func randomNumber(digits: Int, entropy: inout some EntropySource) -> UInt32 {
        var low: UInt64 = 10_000
        for _ in 5..<max(5, min(9, digits)) { low *= 10 }
        let random = entropy.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return UInt32(low + random % (low * 9))
    }

    /// Reads a code as a person types it: in any case, with any separators, words cut to their first
    /// four letters if need be.
    /// - Throws: what is wrong with it. Nothing of a text that is refused may be sent anywhere: the
    ///   words of a code whose number was forgotten are still its words (wormhole.rs#193).
    public init(text: String) throws(PairingCodeError) {
        guard text.utf8.count <= Self.longestText else { throw .notACode }
        let parts = text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
        guard let first = parts.first else { throw .notACode }
        guard first.utf8.allSatisfy({ (48...57).contains($0) }) else {
            // Three words and no number is a slip; anything else is something else.
            let list = WordList.english
            let isWords = parts.count >= 2 && parts.allSatisfy { list.word(for: $0) != nil }
            throw isWords ? .missingNumber : .notACode
        }
        guard let number = UInt32(first), Self.numbers.contains(number) else {
            throw .impossibleNumber
        }
        let given = parts.dropFirst()
        guard given.allSatisfy({ $0.utf8.allSatisfy { (97...122).contains($0) } }) else {
            throw .notACode
        }
        var words: [String] = []
        for (index, part) in given.enumerated() {
            guard let word = WordList.english.word(for: part) else {
                throw .unknownWord(
                    position: index + 1, nearest: WordList.english.nearest(to: part))
            }
            words.append(word)
        }
        guard words.count == Self.wordCount else { throw .wordCount(words.count) }
        self.number = number
        self.words = words
    }

    /// Longer texts are not looked at.
    private static let longestText = 256

    /// Whether `text` is meant as a code rather than as a ticket: it begins with a digit.
    public static func looksLikeOne(_ text: String) -> Bool {
        let first = text.unicodeScalars.first { !$0.properties.isWhitespace }
        return first.map { ("0"..."9").contains($0) } ?? false
    }

    /// The code as it is said and shown. A secret until it is used.
    public var text: String { "\(number)-" + words.joined(separator: "-") }

    /// The words as the password of the exchange, PRS of CPace: joined by hyphens, ASCII.
    public var password: SecretBytes { SecretBytes(copying: words.joined(separator: "-").utf8) }
}

extension PairingCode: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says what it is, and nothing of what it holds.
    public var description: String { "<pairing code>" }
    /// The same in a debugger.
    public var debugDescription: String { description }
    /// Shows nothing to `dump` and string interpolation.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a text is no code.
public enum PairingCodeError: Error, Equatable, Sendable {
    /// It does not look like a code.
    case notACode
    /// The words are there, the number in front is not.
    case missingNumber
    /// The number has fewer than five digits, more than nine, or begins with 0.
    case impossibleNumber
    /// A word, counted from 1, is not in the list; these are near it.
    case unknownWord(position: Int, nearest: [String])
    /// So many words were given, and not three.
    case wordCount(Int)
}

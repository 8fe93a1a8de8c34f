internal import SealiftBase
public import SealiftCrypto

/// The 24 words from which an identity's root keys are made (`docs/PROTOCOL.md` §11.2): 256 random bits
/// and a checksum of 8, in the words of BIP-39.
///
/// Whoever has the words is the identity. The bits are held in memory that is wiped; ``words`` gives
/// them as text, which cannot be wiped, for the one time they are shown.
public struct RecoveryWords: Sendable {
    /// How many words there are.
    public static let wordCount = 24
    /// The bits that the words stand for, in bytes.
    public static let entropyByteCount = 32
    /// Longer texts are not looked at.
    public static let longestText = 1_024

    private let entropy: SecretBytes

    /// The words of `entropy`; nil unless it has 32 bytes.
    public init?(entropy: SecretBytes) {
        guard entropy.count == Self.entropyByteCount else { return nil }
        self.entropy = entropy
    }

    /// New words.
    public static func generate(entropy source: inout some EntropySource) -> RecoveryWords {
        let entropy = SecretBytes(count: entropyByteCount, entropy: &source)
        guard let words = RecoveryWords(entropy: entropy) else {
            preconditionFailure("32 bytes are the words' size")
        }
        return words
    }

    /// Reads the words as a person types them: in any case, with any separators, numbered or not, each
    /// whole or cut to its first four letters.
    /// - Throws: ``RecoveryWordsError``, which says where the slip is.
    public init(text: String) throws(RecoveryWordsError) {
        guard text.utf8.count <= Self.longestText else { throw .wordCount(nil) }
        let parts = text.lowercased().split { !$0.isLetter }.map(String.init)
        guard parts.count == Self.wordCount else { throw .wordCount(parts.count) }
        var position = 0
        var unknown: RecoveryWordsError?
        let list = WordList.english
        // 33 bytes: the bits of all words, the checksum last. A word straddles up to three bytes.
        let bits = SecretBytes(count: Self.entropyByteCount + 1) { target in
            for part in parts {
                guard let word = list.word(for: part), let number = list.number(of: word) else {
                    unknown = .unknownWord(position: position + 1, nearest: list.nearest(to: part))
                    return
                }
                for bit in 0..<WordList.bitsPerWord {
                    let place = position * WordList.bitsPerWord + bit
                    let value = number >> (WordList.bitsPerWord - 1 - bit) & 1
                    target[place / 8] |= UInt8(value << (7 - place % 8))
                }
                position += 1
            }
        }
        if let unknown { throw unknown }
        let (entropy, checksum) = bits.withUnsafeBytes { bytes in
            (
                SecretBytes(
                    copying: UnsafeRawBufferPointer(rebasing: bytes[..<Self.entropyByteCount])),
                bytes[Self.entropyByteCount]
            )
        }
        guard Self.checksum(of: entropy) == checksum else { throw .wrongChecksum }
        self.entropy = entropy
    }

    /// The words, in order. To be shown once, and never stored.
    public var words: [String] {
        let list = WordList.english
        let checksum = Self.checksum(of: entropy)
        return entropy.withUnsafeBytes { bytes in
            (0..<Self.wordCount).map { index in
                var number = 0
                for bit in 0..<WordList.bitsPerWord {
                    let place = index * WordList.bitsPerWord + bit
                    let byte = place / 8 < bytes.count ? bytes[place / 8] : checksum
                    number = number << 1 | Int(byte >> (7 - place % 8) & 1)
                }
                return list.words[number]
            }
        }
    }

    /// The identity's root keys. They are as secret as the words: hold them for one act, then let go.
    public var rootKey: HybridSigningKey {
        guard let key = HybridSigningKey(seed: entropy) else {
            preconditionFailure("the seed has 32 bytes")
        }
        return key
    }

    /// Whether both are the same words; for the confirmation after they were shown.
    public func isSame(as other: RecoveryWords) -> Bool {
        entropy.constantTimeEquals(other.entropy)
    }

    /// Seals `secret` so that only these words open it; nil only if the library fails.
    func seal(
        _ secret: SecretBytes, purpose: [UInt8], entropy source: inout some EntropySource
    ) -> [UInt8]? {
        SecretBox.seal(secret, key: entropy, purpose: purpose, entropy: &source)
    }

    /// What was sealed under these words for `purpose`; nil for anything else.
    func open(_ box: [UInt8], purpose: [UInt8]) -> SecretBytes? {
        SecretBox.open(box, key: entropy, purpose: purpose)
    }

    /// BIP-39: the first bits of SHA-256 of the entropy, one for each 32.
    private static func checksum(of entropy: SecretBytes) -> UInt8 {
        entropy.withUnsafeBytes { SHA256Digest.hash($0).bytes[0] }
    }
}

extension RecoveryWords: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says what it is, and nothing of what it holds.
    public var description: String { "<recovery words>" }
    /// The same in a debugger.
    public var debugDescription: String { description }
    /// Shows nothing to `dump` and string interpolation.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a text is not somebody's recovery words.
public enum RecoveryWordsError: Error, Equatable, Sendable {
    /// So many words were given, and not 24; nil for far too long a text.
    case wordCount(Int?)
    /// A word, counted from 1, is not in the list; these are near it. Nothing behind it was read.
    case unknownWord(position: Int, nearest: [String])
    /// All are words of the list, but they do not belong together: one is another word than it was, or
    /// two changed places. One slip in 256 is not found this way.
    case wrongChecksum
}

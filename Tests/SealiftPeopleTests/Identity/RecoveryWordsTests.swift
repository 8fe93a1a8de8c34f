import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

private func words(_ byte: UInt8) throws -> RecoveryWords {
    try #require(
        RecoveryWords(entropy: SecretBytes(copying: [UInt8](repeating: byte, count: 32))))
}

@Suite("Recovery words")
struct RecoveryWordsTests {
    /// From PyPI's `mnemonic` 0.21; the first four are BIP-39's own vectors.
    @Test(
        "are those of BIP-39",
        arguments: [
            (
                "0000000000000000000000000000000000000000000000000000000000000000",
                String(repeating: "abandon ", count: 23) + "art"
            ),
            (
                "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
                """
                legal winner thank year wave sausage worth useful legal winner thank year wave \
                sausage worth useful legal winner thank year wave sausage worth title
                """
            ),
            (
                "8080808080808080808080808080808080808080808080808080808080808080",
                """
                letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd \
                amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless
                """
            ),
            (
                "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                String(repeating: "zoo ", count: 23) + "vote"
            ),
            (
                "b0b8ec3186c3309f054294457146d37b476163d8997eca13282a9c1609562c90",
                """
                radar shuffle arrest assault credit exhibit bench family earth mechanic regular \
                walk invite rapid give cool skate off apple deal gauge prison rather addict
                """
            ),
        ])
    func vectors(entropy: String, text: String) throws {
        let bytes = try #require(Hexadecimal.decode(entropy))
        let made = try #require(RecoveryWords(entropy: SecretBytes(copying: bytes)))
        #expect(made.words.joined(separator: " ") == text)
        #expect(try RecoveryWords(text: text).isSame(as: made))
    }

    @Test("are read in any case, numbered, with any separators, and cut to four letters")
    func forgiving() throws {
        let made = try words(0x80)
        let numbered = made.words.enumerated().map { "\($0 + 1). \($1.uppercased())" }
        #expect(try RecoveryWords(text: numbered.joined(separator: ",\n")).isSame(as: made))
        let cut = made.words.map { $0.prefix(4) }.joined(separator: "-")
        #expect(try RecoveryWords(text: cut).isSame(as: made))
    }

    @Test("that are wrong say which is in no list, or that they do not belong together")
    func slips() throws {
        let right = try words(0x80).words
        #expect(throws: RecoveryWordsError.wordCount(23)) {
            try RecoveryWords(text: right.dropLast().joined(separator: " "))
        }
        #expect(throws: RecoveryWordsError.wordCount(nil)) {
            try RecoveryWords(text: String(repeating: "zoo ", count: 1_000))
        }
        var mistyped = right
        mistyped[4] = "ammount"
        #expect(throws: RecoveryWordsError.unknownWord(position: 5, nearest: ["amount"])) {
            try RecoveryWords(text: mistyped.joined(separator: " "))
        }
        var swapped = right
        swapped.swapAt(1, 6)
        #expect(throws: RecoveryWordsError.wrongChecksum) {
            try RecoveryWords(text: swapped.joined(separator: " "))
        }
    }

    @Test("with any one word exchanged for any other are refused, but for one case in 256")
    func exchanged() throws {
        let right = try words(0x33).words
        var accepted = 0
        for index in stride(from: 0, to: WordList.english.words.count, by: 2) {
            var text = right
            text[index % 24] = WordList.english.words[index]
            guard text != right else { continue }
            if (try? RecoveryWords(text: text.joined(separator: " "))) != nil { accepted += 1 }
        }
        #expect(accepted < 16)
    }

    @Test("give the same root keys on every machine, and print nothing of themselves")
    func rootKeys() throws {
        var entropy = SeededEntropy(seed: 5)
        let made = RecoveryWords.generate(entropy: &entropy)
        let again = try RecoveryWords(text: made.words.joined(separator: " "))
        #expect(made.rootKey.publicKey == again.rootKey.publicKey)
        #expect(try words(1).rootKey.publicKey != words(2).rootKey.publicKey)
        var dumped = ""
        dump(made, to: &dumped)
        #expect("\(made)" == "<recovery words>" && !dumped.contains("entropy"))
    }
}

@Suite("The short form of an identity")
struct ShortIdentityTests {
    private let identity = IdentityID(SHA256Digest.hash([1, 2, 3]))

    @Test("is read back in any case, with or without its hyphens")
    func roundTrip() throws {
        let text = identity.short.text
        #expect(text.count == 39 && text.split(separator: "-").allSatisfy { $0.count == 4 })
        for form in [
            text, text.uppercased(), text.replacing("-", with: " "),
            text.replacing("-", with: ""),
        ] {
            #expect(try ShortIdentity(text: form).names(identity))
        }
        #expect(!identity.short.names(IdentityID(SHA256Digest.hash([1, 2]))))
    }

    @Test("is found mistyped after any change of one letter")
    func mistyped() {
        let letters = Array(identity.short.text)
        for index in letters.indices where letters[index] != "-" {
            for letter in "abcxyz2701" where letter != letters[index] {
                var text = letters
                text[index] = letter
                #expect(throws: ShortIdentityError.mistyped) {
                    try ShortIdentity(text: String(text))
                }
            }
        }
        #expect(throws: ShortIdentityError.notAnIdentity) { try ShortIdentity(text: "alice") }
        #expect(throws: ShortIdentityError.notAnIdentity) {
            try ShortIdentity(text: String(repeating: "a", count: 100_000))
        }
    }
}

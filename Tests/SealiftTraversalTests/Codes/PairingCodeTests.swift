import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftTraversal

@Suite("A pairing code")
struct PairingCodeTests {
    private func error(_ text: String) -> PairingCodeError? {
        do throws(PairingCodeError) {
            _ = try PairingCode(text: text)
            return nil
        } catch {
            return error
        }
    }

    @Test("is read back from its text, for every word")
    func roundTrip() throws {
        var entropy = SeededEntropy(seed: 1)
        for _ in 0..<500 {
            let number = PairingCode.randomNumber(digits: 5, entropy: &entropy)
            let code = try #require(PairingCode(number: number, entropy: &entropy))
            let read = try PairingCode(text: code.text)
            #expect(read.text == code.text)
            #expect(read.number == number && (10_000...99_999).contains(number))
            #expect(read.password.constantTimeEquals(code.password))
        }
    }

    @Test("is worth 33 bits: 2,048 words, each told apart by four letters")
    func strength() {
        let words = WordList.english.words
        #expect(words.count == 1 << WordList.bitsPerWord)
        #expect(Set(words.map { $0.prefix(4) }).count == words.count)
        #expect(words == words.sorted())
        #expect(PairingCode.wordCount * WordList.bitsPerWord >= 33)
    }

    @Test(
        "is read however it is typed",
        arguments: [
            "48213-copper-orbit-tiger", " 48213 Copper ORBIT tiger\n", "48213.copper.orbit.tiger",
            "48213-copp-orbi-tige", "48213 - copper, orbit, tiger!",
        ])
    func forms(text: String) throws {
        #expect(try PairingCode(text: text).text == "48213-copper-orbit-tiger")
    }

    @Test("that is mistyped is refused, with the words that were perhaps meant")
    func mistyped() {
        #expect(
            error("48213-cooper-orbit-tiger")
                == .unknownWord(position: 1, nearest: ["copper"]))
        #expect(
            error("48213-copper-obrit-tiger") == .unknownWord(position: 2, nearest: ["orbit"]))
        #expect(
            error("48213-copper-orbit-xxxxxxxxx") == .unknownWord(position: 3, nearest: []))
        #expect(error("48213-copper-orbit") == .wordCount(2))
        #expect(error("48213-copper-orbit-tiger-tiger") == .wordCount(4))
        #expect(error("48213") == .wordCount(0))
        #expect(error("213-copper-orbit-tiger") == .impossibleNumber)
        #expect(error("01234-copper-orbit-tiger") == .impossibleNumber)
        #expect(error("99999999999999999999-copper-orbit-tiger") == .impossibleNumber)
    }

    @Test("without its number is refused as such, so that its words go nowhere")
    func missingNumber() {
        #expect(error("copper-orbit-tiger") == .missingNumber)
        #expect(error("sealift1abcdef") == .notACode)
        #expect(error("") == .notACode)
        #expect(error(String(repeating: "4", count: 100_000)) == .notACode)
        #expect(error("48213-c\u{0}pper-ö-日") == .notACode)
    }

    @Test("is told from a ticket by its first character")
    func kind() {
        #expect(PairingCode.looksLikeOne(" 48213-"))
        #expect(!PairingCode.looksLikeOne("sealift1"))
        #expect(!PairingCode.looksLikeOne(""))
    }

    @Test("offers completions while somebody types")
    func completions() {
        let list = WordList.english
        #expect(Array(list.completions(of: "copp")) == ["copper"])
        #expect(Array(list.completions(of: "tig")) == ["tiger"])
        #expect(list.completions(of: "zzz").isEmpty)
        #expect(list.completions(of: "").count == 2_048)
        // A word that is the beginning of others is still a word.
        #expect(list.word(for: "act") == "act")
        #expect(list.word(for: "tig") == nil)
    }

    @Test("never prints itself by accident")
    func unprintable() throws {
        let code = try PairingCode(text: "48213-copper-orbit-tiger")
        var shown = "\(code) \(String(reflecting: code)) "
        dump(code, to: &shown)
        #expect(!shown.contains("copper"))
    }
}

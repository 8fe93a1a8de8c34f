import Testing

@testable import SealiftCLI

@Suite("The completion of a code")
struct CodeCompletionTests {
    @Test("adds the rest of a word, and a hyphen where another follows")
    func words() {
        #expect(CodeCompletion.rest(of: "48213-copp") == "er-")
        #expect(CodeCompletion.rest(of: "48213-copper-ORB") == "it-")
        #expect(CodeCompletion.rest(of: "48213-copper-orbit-tig") == "er")
        #expect(CodeCompletion.rest(of: "48213-copper") == "-")
    }

    @Test("adds what all words that fit share, and nothing where they part")
    func shared() {
        // Quality, quantum, quarter, question, quick, quit, quiz, quote.
        #expect(CodeCompletion.rest(of: "48213-q") == "u")
        // Copper, copy.
        #expect(CodeCompletion.rest(of: "48213-c") == "")
        #expect(CodeCompletion.rest(of: "48213-cop") == "")
        #expect(CodeCompletion.rest(of: "48213-") == "")
    }

    @Test(
        "leaves alone what is no code, or no beginning of a word",
        arguments: [
            "", "48213", "copper-or", "sealift1abc", "48213-zzzz", "48213-orbit-tiger-copper-o",
            "-a",
        ])
    func others(typed: String) {
        #expect(CodeCompletion.rest(of: typed) == "")
    }
}

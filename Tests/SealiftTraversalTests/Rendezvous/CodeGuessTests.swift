import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftTraversal

@Suite("Somebody between the two ends of a code")
struct CodeGuessTests {
    private static let number: UInt32 = 48_213
    private static let welcome = Welcome(
        serverID: [UInt8](repeating: 7, count: 16),
        work: ProofOfWork(challenge: [UInt8](repeating: 1, count: 16), entryBits: 0, claimBits: 0))

    /// Random bytes, but codes with one word of 256 and two that never change.
    private struct ShortWords: EntropySource {
        private var entropy: SeededEntropy
        private var words = 0

        init(seed: UInt64) {
            entropy = SeededEntropy(seed: seed)
        }

        mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) {
            entropy.fill(buffer)
            guard buffer.count == 2 else { return }
            words += 1
            buffer[0] = 0
            if words % PairingCode.wordCount != 0 { buffer[1] = 0 }
        }
    }

    /// One code, at which a man in the middle guesses once.
    private static func isGuessed(_ run: UInt64) throws -> Bool {
        var offer = CodeOffer(
            meeting: [1], purpose: .contact, entropy: ShortWords(seed: 2 &* run))
        guard
            case .send(.open(let number, let invitation))? = offer.receive(.welcome(welcome)).first,
            case .show(let code)? = offer.receive(.opened(number: number)).first
        else { throw Unexpected() }
        var generator = SeededGenerator(seed: 2 &* run &+ 1)
        let word = WordList.english.words[Int(generator.next() % 256)]
        let first = WordList.english.words[0]
        var attacker = CodeClaim(
            try PairingCode(text: "\(code.number)-\(first)-\(first)-\(word)"), purpose: .contact,
            entropy: SeededEntropy(seed: 3 &* run))
        _ = attacker.receive(.welcome(welcome))
        guard
            case .send(.pass(_, let guess))? = attacker.receive(
                .claimed(number: number, invitation)
            ).first
        else { throw Unexpected() }
        let outcome = offer.receive(.passed(number: number, guess))
        // Whatever came of it: nothing is heard a second time.
        guard offer.receive(.passed(number: number, guess)).isEmpty else { throw Unexpected() }
        let isGuessed = outcome.contains { if case .agreed = $0 { true } else { false } }
        let isDead = outcome.contains { if case .wrongWords = $0 { true } else { false } }
        guard isGuessed != isDead, isGuessed == (code.text.hasSuffix("-\(word)")) else {
            throw Unexpected()
        }
        return isGuessed
    }

    private struct Unexpected: Error {}

    @Test(
        "who has one of 256 words to guess gets in once in 256 codes, and never by a second guess")
    func oneGuess() throws {
        let runs: UInt64 = 100_000
        var successes = 0
        for run in 0..<runs where try Self.isGuessed(run) { successes += 1 }
        let share = Double(successes) / Double(runs)
        // 1/256 = 0.39 %, and three standard deviations to either side.
        #expect((0.0033...0.0045).contains(share), "\(share)")
    }

    @Test("a code for one purpose never opens another, though the words are right")
    func purposes() throws {
        for (offered, claimed) in [
            (CodePurpose.transfer, CodePurpose.contact), (.contact, .transfer),
        ] {
            var offer = CodeOffer(
                meeting: [1], purpose: offered, entropy: SeededEntropy(seed: 5))
            guard
                case .send(.open(let number, let invitation))? = offer.receive(
                    .welcome(Self.welcome)
                ).first, case .show(let code)? = offer.receive(.opened(number: number)).first
            else { throw Unexpected() }
            var claim = CodeClaim(code, purpose: claimed, entropy: SeededEntropy(seed: 6))
            _ = claim.receive(.welcome(Self.welcome))
            guard
                case .send(.pass(_, let box))? = claim.receive(
                    .claimed(number: number, invitation)
                ).first
            else { throw Unexpected() }
            let outcome = offer.receive(.passed(number: number, box))
            #expect(outcome.contains { if case .wrongWords = $0 { true } else { false } })
            #expect(!outcome.contains { if case .agreed = $0 { true } else { false } })
        }
    }
}

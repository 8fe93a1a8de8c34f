import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("Ratchet")
struct RatchetTests {
    private func answer(_ offer: [UInt8], seed: UInt64 = 2) throws -> RatchetAnswer {
        var entropy = SeededEntropy(seed: seed)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: offer.count, alignment: 8)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: offer)
        return try RatchetAnswer(to: UnsafeRawBufferPointer(buffer), entropy: &entropy)
    }

    @Test("both ends compute the same mix, of the sizes of PROTOCOL §6.8")
    func agrees() throws {
        var entropy = SeededEntropy(seed: 1)
        let offer = try RatchetOffer(number: 1, entropy: &entropy)
        #expect(offer.message.count == 1 + 32 + 1184)
        let answer = try answer(offer.message)
        #expect(answer.number == 1 && answer.message.count == 1 + 32 + 1088)
        let mix = try answer.message.withUnsafeBytes { try offer.finish(with: $0) }
        #expect(mix.count == 32 && mix.constantTimeEquals(answer.mix))
        let other = try RatchetOffer(number: 2, entropy: &entropy)
        let otherAnswer = try self.answer(other.message)
        #expect(!otherAnswer.mix.constantTimeEquals(mix))
        #expect(throws: RatchetError.wrongNumber) {
            try otherAnswer.message.withUnsafeBytes { try offer.finish(with: $0) }
        }
    }

    @Test("bad sizes and refused keys are violations")
    func violations() throws {
        var entropy = SeededEntropy(seed: 1)
        let offer = try RatchetOffer(number: 1, entropy: &entropy)
        for length in [0, 1, 33, offer.message.count - 1] {
            #expect(throws: RatchetError.malformed) {
                try answer(Array(offer.message[..<length]))
            }
        }
        #expect(throws: RatchetError.malformed) { try answer(offer.message + [0]) }
        #expect(throws: RatchetError.malformed) {
            try answer([0] + offer.message.dropFirst())
        }
        var lowOrder = offer.message
        lowOrder.replaceSubrange(1..<33, with: [UInt8](repeating: 0, count: 32))
        #expect(throws: RatchetError.unacceptableKey) { try answer(lowOrder) }
        var overflow = offer.message
        overflow.replaceSubrange(33..<36, with: [0xFF, 0xFF, 0xFF])
        #expect(throws: RatchetError.unacceptableKey) { try answer(overflow) }
        var badAnswer = try answer(offer.message).message
        badAnswer.replaceSubrange(1..<33, with: [UInt8](repeating: 0xFF, count: 32))
        #expect(throws: RatchetError.unacceptableKey) {
            try badAnswer.withUnsafeBytes { try offer.finish(with: $0) }
        }
    }
}

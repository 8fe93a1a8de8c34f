import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("A sealed box")
struct SealedBoxTests {
    private let key = SecretBytes(copying: [UInt8](repeating: 3, count: 32))
    private let purpose = Array("test".utf8)

    @Test("gives back what was put in, at every length, and always has one size")
    func roundTrip() throws {
        var entropy = SeededEntropy(seed: 1)
        for length in [0, 1, 255, 256, SealedBox.capacity] {
            let message = entropy.bytes(length)
            let box = try #require(
                SealedBox.seal(message, key: key, purpose: purpose, entropy: &entropy))
            #expect(box.count == SealedBox.byteCount)
            #expect(SealedBox.open(box, key: key, purpose: purpose) == message)
        }
    }

    @Test("takes nothing that does not fit")
    func tooLong() {
        var entropy = SeededEntropy(seed: 1)
        let message = [UInt8](repeating: 0, count: SealedBox.capacity + 1)
        #expect(SealedBox.seal(message, key: key, purpose: purpose, entropy: &entropy) == nil)
    }

    @Test("does not open when altered, cut, for another purpose or under another key")
    func altered() throws {
        var entropy = SeededEntropy(seed: 1)
        let box = try #require(
            SealedBox.seal([1, 2, 3], key: key, purpose: purpose, entropy: &entropy))
        for position in stride(from: 0, to: box.count, by: 61) {
            var altered = box
            altered[position] ^= 1
            #expect(SealedBox.open(altered, key: key, purpose: purpose) == nil)
        }
        #expect(SealedBox.open(Array(box.dropLast()), key: key, purpose: purpose) == nil)
        #expect(SealedBox.open([], key: key, purpose: purpose) == nil)
        #expect(SealedBox.open(box, key: key, purpose: []) == nil)
        let other = SecretBytes(copying: [UInt8](repeating: 4, count: 32))
        #expect(SealedBox.open(box, key: other, purpose: purpose) == nil)
    }

    @Test("never looks like another of the same message")
    func fresh() {
        var entropy = SeededEntropy(seed: 1)
        let boxes = (0..<2).map { _ in
            SealedBox.seal([1], key: key, purpose: purpose, entropy: &entropy)
        }
        #expect(boxes[0] != boxes[1])
    }
}

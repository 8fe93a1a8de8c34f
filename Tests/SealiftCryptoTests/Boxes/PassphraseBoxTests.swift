import SealiftCrypto
import Testing

@Suite("A box under a passphrase")
struct PassphraseBoxTests {
    private static func secret(_ text: String) -> SecretBytes {
        SecretBytes(copying: Array(text.utf8))
    }

    @Test("opens under its passphrase only, holds in every byte, and is never the same twice")
    func box() throws {
        var entropy = SeededEntropy(seed: 5)
        let (secret, passphrase) = (Self.secret("32 bytes or so"), Self.secret("pass"))
        let box = try #require(
            PassphraseBox.seal(secret, passphrase: passphrase, cost: .test, entropy: &entropy))
        #expect(PassphraseBox.open(box, passphrase: passphrase)?.constantTimeEquals(secret) == true)
        #expect(PassphraseBox.open(box, passphrase: Self.secret("Pass")) == nil)
        for index in stride(from: 0, to: box.count, by: 3) where index != 4 {
            var changed = box
            changed[index] ^= 1
            #expect(PassphraseBox.open(changed, passphrase: passphrase) == nil, "byte \(index)")
        }
        #expect(PassphraseBox.open(Array(box.dropLast()), passphrase: passphrase) == nil)
        let again = PassphraseBox.seal(
            secret, passphrase: passphrase, cost: .test, entropy: &entropy)
        #expect(again != box)
    }

    @Test(
        "refuses more work than a machine has memory for, before the work",
        arguments: [0, 11, 21, 63, 255] as [UInt8])
    func costs(cost: UInt8) {
        let box = Array("SLP1".utf8) + [cost] + [UInt8](repeating: 1, count: 200)
        #expect(PassphraseBox.open(box, passphrase: Self.secret("x")) == nil)
    }

    @Test("commits to its key: a box of a chosen key for chosen tags opens under one passphrase")
    func commitment() throws {
        var entropy = SeededEntropy(seed: 6)
        let (one, two) = (Self.secret("one"), Self.secret("two"))
        let first = try #require(
            PassphraseBox.seal(one, passphrase: one, cost: .test, entropy: &entropy))
        let second = try #require(
            PassphraseBox.seal(two, passphrase: two, cost: .test, entropy: &entropy))
        // The commitment of one with the body of the other: neither passphrase opens it.
        let mixed = Array(first[..<53]) + Array(second[53...])
        #expect(PassphraseBox.open(mixed, passphrase: one) == nil)
        #expect(PassphraseBox.open(mixed, passphrase: two) == nil)
    }
}

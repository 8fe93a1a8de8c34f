import SealiftBase
import Testing

@testable import SealiftCrypto

private let label = SignatureLabel("test")

@Suite("A hybrid signature")
struct HybridSignatureTests {
    private func key(_ byte: UInt8) throws -> HybridSigningKey {
        let seed = SecretBytes(copying: [UInt8](repeating: byte, count: 32))
        return try #require(HybridSigningKey(seed: seed))
    }

    @Test("counts for its key, its message and its label only")
    func binding() throws {
        let (key, other) = (try key(1), try key(2))
        let message = Array("add this device".utf8)
        let signature = try #require(key.sign(message, for: label))
        #expect(key.publicKey.isValid(signature, of: message, for: label))
        #expect(!other.publicKey.isValid(signature, of: message, for: label))
        #expect(!key.publicKey.isValid(signature, of: message + [0], for: label))
        #expect(!key.publicKey.isValid(signature, of: message, for: SignatureLabel("tesT")))
        // A letter moved from the message to the label is another message.
        let moved = try #require(key.sign(Array("sadd".utf8), for: SignatureLabel("test")))
        #expect(!key.publicKey.isValid(moved, of: Array("add".utf8), for: SignatureLabel("tests")))
    }

    @Test("is refused if only one of its halves is right, whichever it is")
    func bothHalves() throws {
        let (key, other) = (try key(1), try key(2))
        let message = Array("message".utf8)
        let good = try #require(key.sign(message, for: label))
        let bad = try #require(other.sign(message, for: label))
        for mixed in [good.edwards + bad.lattice, bad.edwards + good.lattice] {
            let signature = try #require(HybridSignature(mixed))
            #expect(!key.publicKey.isValid(signature, of: message, for: label))
            #expect(!other.publicKey.isValid(signature, of: message, for: label))
        }
    }

    @Test("made by a pair does not count under a pair that shares one of the keys")
    func mixedKeys() throws {
        let (key, other) = (try key(1), try key(2))
        let message = Array("message".utf8)
        let good = try #require(key.sign(message, for: label))
        let bad = try #require(other.sign(message, for: label))
        let keys = try #require(
            HybridPublicKey(key.publicKey.bytes[..<32] + other.publicKey.bytes[32...]))
        let signature = try #require(HybridSignature(good.edwards + bad.lattice))
        #expect(!keys.isValid(signature, of: message, for: label))
    }

    @Test("altered in any of its bytes is refused")
    func altered() throws {
        let key = try key(3)
        let message = Array("message".utf8)
        let signature = try #require(key.sign(message, for: label))
        for place in [0, 31, 32, 63, 64, 96, 1_000, 3_300, 3_372] {
            var bytes = signature.bytes
            bytes[place] ^= 1
            let altered = try #require(HybridSignature(bytes))
            #expect(!key.publicKey.isValid(altered, of: message, for: label), "\(place)")
        }
        #expect(HybridSignature(signature.bytes.dropLast()) == nil)
        #expect(HybridSignature(signature.bytes + [0]) == nil)
    }

    @Test("is not taken under an Ed25519 key, or with a half R, of small order or not canonical")
    func smallOrder() throws {
        let key = try key(4)
        let one: [UInt8] = [1] + [UInt8](repeating: 0, count: 31)
        let beyond: [UInt8] = [0xEE] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]
        for point in [one, beyond, [UInt8](repeating: 0, count: 32)] {
            #expect(HybridPublicKey(point + key.publicKey.bytes[32...]) == nil)
            // S = 0 and R of small order verify under a key of small order, for every message.
            let forged = point + [UInt8](repeating: 0, count: 32)
            #expect(!EdwardsSignature.isValid(forged, of: [1, 2, 3], publicKey: point))
        }
    }

    @Test("and its keys follow from the seed alone, and print as nothing secret")
    func derivation() throws {
        #expect(try key(5).publicKey == key(5).publicKey)
        #expect(try key(5).publicKey != key(6).publicKey)
        #expect(HybridSigningKey(seed: SecretBytes(count: 31) { _ in }) == nil)
        let key = try key(5)
        var dumped = ""
        dump(key, to: &dumped)
        #expect("\(key)" == "<secret keys of \(key.publicKey.fingerprint.hexadecimal)>")
        #expect(!dumped.contains("05 05") && !dumped.contains("SecretBytes"))
    }

    @Test("of a device counts for its label and its device only")
    func deviceSignature() throws {
        var entropy = SeededEntropy(seed: 9)
        let device = DeviceKeyPair.generate(entropy: &entropy)
        let stranger = DeviceKeyPair.generate(entropy: &entropy)
        let signature = try #require(device.sign([1, 2], for: label))
        let keys = device.publicKeys
        #expect(keys.isValidSignature(signature, of: [1, 2], for: label))
        #expect(!keys.isValidSignature(signature, of: [1, 2], for: SignatureLabel("other")))
        #expect(!keys.isValidSignature(signature, of: [1, 2]))
        #expect(!stranger.publicKeys.isValidSignature(signature, of: [1, 2], for: label))
    }
}

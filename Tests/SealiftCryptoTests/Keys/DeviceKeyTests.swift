import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("Keys and names")
struct DeviceKeyTests {
    @Test("a key pair survives its encoding, and its id covers both keys")
    func encoding() throws {
        var entropy = SeededEntropy(seed: 9)
        let keys = DeviceKeyPair.generate(entropy: &entropy)
        let again = try DeviceKeyPair(secretEncoding: keys.secretEncoding)
        #expect(again.publicKeys == keys.publicKeys)
        let expected = SHA256Digest.hash(
            Array("sealift/1 device".utf8) + keys.publicKeys.agreement + keys.publicKeys.signing)
        #expect(keys.publicKeys.id.value == expected)
        #expect(keys.publicKeys.id.fingerprint.bytes == Array(expected.bytes[..<16]))
        #expect(DeviceFingerprint(expected.bytes) == nil)
        let signature = try #require(keys.sign([1, 2, 3]))
        #expect(keys.publicKeys.isValidSignature(signature, of: [1, 2, 3]))
        #expect(!keys.publicKeys.isValidSignature(signature, of: [1, 2, 4]))
        #expect(!keys.publicKeys.isValidSignature([], of: [1, 2, 3]))
    }

    @Test("an encoding of a wrong length is malformed")
    func malformed() {
        for count in [0, 32, 63, 65] {
            #expect(throws: DeviceKeyPair.DecodingError.malformed) {
                try DeviceKeyPair(secretEncoding: SecretBytes(count: count) { _ in })
            }
        }
        #expect(PreSharedKey([UInt8](repeating: 0, count: 31)) == nil)
    }

    @Test("tags are HMACs of the hour and the direction under the hint key")
    func tags() throws {
        let psk = try #require(PreSharedKey([UInt8](repeating: 0x27, count: 32)))
        let hint = KeyDerivation.hkdf(
            psk.secret, info: Array("sealift/1 hint".utf8), count: 32)
        for direction in HandshakeDirection.allCases {
            let message: [UInt8] = [0, 0, 0, 0, 0, 0, 1, 2, direction.rawValue]
            let expected = message.withUnsafeBytes { KeyDerivation.shortMAC(hint, $0) }
            #expect(psk.tag(direction: direction, hour: 258).bytes == expected)
        }
        #expect(
            psk.tag(direction: .initiatorToResponder) != psk.tag(direction: .responderToInitiator))
    }

    @Test("X25519 keys of small order, not canonical, or with the top bit are refused")
    func refusedAgreementKeys() throws {
        let lowOrder = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ]
        var entropy = SeededEntropy(seed: 2)
        let key = AgreementKey.generate(entropy: &entropy)
        for text in lowOrder {
            var point = hex(text)
            #expect(!CurvePoint.isAcceptableX25519(point), "\(text)")
            #expect(throws: AgreementKey.Failure.unacceptablePublicKey) {
                try key.sharedSecret(with: point)
            }
            point[31] |= 0x80
            #expect(!CurvePoint.isAcceptableX25519(point), "\(text)")
        }
        for last in UInt8(0xED)...0xFF {
            let point = [last] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]
            #expect(!CurvePoint.isAcceptableX25519(point))
        }
        var point = key.publicKey
        #expect(CurvePoint.isAcceptableX25519(point))
        point[31] |= 0x80
        #expect(!CurvePoint.isAcceptableX25519(point))
        #expect(!CurvePoint.isAcceptableX25519([]))
        let nine = [9] + [UInt8](repeating: 0, count: 31)
        #expect(CurvePoint.isAcceptableX25519(nine))
        let largest = [0xEB] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]
        #expect(CurvePoint.isAcceptableX25519(largest))
    }

    @Test("Ed25519 keys of small order or not canonical are refused")
    func refusedSigningKeys() {
        let smallOrder = [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ]
        for text in smallOrder {
            var point = hex(text)
            #expect(!CurvePoint.isAcceptableEd25519(point), "\(text)")
            point[31] |= 0x80
            #expect(!CurvePoint.isAcceptableEd25519(point), "\(text) with sign")
        }
        var entropy = SeededEntropy(seed: 3)
        for _ in 0..<20 {
            let keys = DeviceKeyPair.generate(entropy: &entropy).publicKeys
            #expect(CurvePoint.isAcceptableEd25519(keys.signing))
            #expect(DevicePublicKeys(agreement: keys.signing, signing: []) == nil)
        }
    }
}

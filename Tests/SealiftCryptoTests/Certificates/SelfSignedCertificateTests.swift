import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("A self-signed certificate")
struct SelfSignedCertificateTests {
    private func make(seed: UInt64) -> SelfSignedCertificate {
        var entropy = SeededEntropy(seed: seed)
        return SelfSignedCertificate.generate(entropy: &entropy)
    }

    @Test("holds the key that its pin is the hash of, and comes back with its secret")
    func pin() throws {
        let certificate = make(seed: 1)
        // SubjectPublicKeyInfo of P-256: 26 bytes of algorithm, then the point of 65 bytes.
        let prefix = hex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
        let place = try #require(certificate.certificate.firstRange(of: prefix))
        let key = certificate.certificate[place.lowerBound..<(place.upperBound + 65)]
        #expect(SHA256Digest.hash(Array(key)) == certificate.keyPin)
        let again = try #require(SelfSignedCertificate(secret: certificate.secret))
        #expect(again.keyPin == certificate.keyPin)
        #expect(make(seed: 2).keyPin != certificate.keyPin)
    }

    @Test("is one DER value whose lengths add up")
    func form() {
        let bytes = make(seed: 3).certificate
        #expect(bytes[0] == 0x30 && bytes[1] == 0x82)
        #expect(Int(bytes[2]) << 8 | Int(bytes[3]) == bytes.count - 4)
    }

    @Test("is not made of what is no private key")
    func badSecrets() {
        for bytes in [[], [UInt8](repeating: 0, count: 32), [UInt8](repeating: 0xFF, count: 32)] {
            #expect(SelfSignedCertificate(secret: SecretBytes(copying: bytes)) == nil)
        }
    }
}

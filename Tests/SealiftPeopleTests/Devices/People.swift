import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

/// A person of the tests, all of whose keys follow from one byte.
struct Person {
    let root: HybridSigningKey
    private var entropy: SeededEntropy

    init(_ byte: UInt8) throws {
        let seed = SecretBytes(copying: [UInt8](repeating: byte, count: 32))
        root = try #require(HybridSigningKey(seed: seed))
        entropy = SeededEntropy(seed: UInt64(byte) + 1)
    }

    var identity: IdentityID { IdentityID(of: root.publicKey) }

    mutating func device() -> DeviceKeyPair { DeviceKeyPair.generate(entropy: &entropy) }

    func certificate(_ device: DeviceKeyPair, generation: UInt64 = 0) throws -> DeviceCertificate {
        try #require(
            DeviceCertificate(consentOf: device, to: identity, generation: generation))
    }
}

let someTime = WallTime(secondsSince1970: 1_795_000_000)

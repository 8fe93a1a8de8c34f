import SealiftBase
import Testing

@testable import SealiftCrypto

private func available(_ name: String) -> ConditionTrait {
    .enabled(if: Vectors.has("wycheproof/" + name), .init(rawValue: Vectors.absence))
}

@Suite("Primitives against Wycheproof")
struct WycheproofTests {
    struct File<Group: Decodable>: Decodable {
        let testGroups: [Group]
    }

    struct Exchange: Decodable {
        struct Row: Decodable {
            let tcId: Int
            let flags: [String]
            let `public`, `private`, shared: String
        }
        let tests: [Row]
    }

    @Test(
        "X25519: what is accepted has the right result, what is refused had a reason",
        available("x25519_test.json"))
    func x25519() throws {
        let file = try Vectors.load("wycheproof/x25519_test.json", as: File<Exchange>.self)
        var (accepted, refused) = (0, 0)
        for row in file.testGroups.flatMap(\.tests) {
            let key = try #require(AgreementKey(SecretBytes(copying: hex(row.private))))
            let peer = hex(row.public)
            if let shared = try? key.sharedSecret(with: peer) {
                #expect(shared.revealed == hex(row.shared), "\(row.tcId)")
                accepted += 1
            } else {
                let reasons: Set = ["LowOrderPublic", "NonCanonicalPublic", "ZeroSharedSecret"]
                #expect(
                    !reasons.isDisjoint(with: row.flags) || peer[31] & 0x80 != 0, "\(row.tcId)")
                refused += 1
            }
            if row.flags.contains("ZeroSharedSecret") || row.flags.contains("NonCanonicalPublic") {
                #expect(!CurvePoint.isAcceptableX25519(peer), "\(row.tcId)")
            }
        }
        #expect(accepted > 400 && refused > 10 && accepted + refused == 518)
    }

    struct Signatures: Decodable {
        struct Key: Decodable { let pk: String }
        struct Row: Decodable {
            let tcId: Int
            let msg, sig, result: String
        }
        let publicKey: Key
        let tests: [Row]
    }

    @Test("Ed25519 verification", available("ed25519_test.json"))
    func ed25519() throws {
        let file = try Vectors.load("wycheproof/ed25519_test.json", as: File<Signatures>.self)
        var entropy = SeededEntropy(seed: 1)
        let agreement = DeviceKeyPair.generate(entropy: &entropy).publicKeys.agreement
        var count = 0
        for group in file.testGroups {
            let keys = DevicePublicKeys(agreement: agreement, signing: hex(group.publicKey.pk))
            for row in group.tests {
                let isValid = keys?.isValidSignature(hex(row.sig), of: hex(row.msg)) ?? false
                #expect(isValid == (row.result == "valid"), "\(row.tcId)")
                count += 1
            }
        }
        #expect(count == 151)
    }

    struct Sealed: Decodable {
        struct Row: Decodable {
            let tcId: Int
            let key, iv, aad, msg, ct, tag, result: String
        }
        let ivSize, keySize, tagSize: Int
        let tests: [Row]
    }

    @Test("AES-256-GCM, sealing and opening, every backend", available("aes_gcm_test.json"))
    func aesGCM() throws {
        let file = try Vectors.load("wycheproof/aes_gcm_test.json", as: File<Sealed>.self)
        var count = 0
        for group in file.testGroups
        where group.ivSize == 96 && group.keySize == 256 && group.tagSize == 128 {
            for row in group.tests {
                for cipher in PacketCipher.allBackends(key: SecretBytes(copying: hex(row.key))) {
                    try check(row, cipher)
                }
                count += 1
            }
        }
        #expect(count > 50)
    }

    private func check(_ row: Sealed.Row, _ cipher: PacketCipher) throws {
        let nonce = try #require(PacketNonce(hex(row.iv)))
        let (header, message) = (hex(row.aad), hex(row.msg))
        if row.result == "valid" {
            let sealed = cipher.sealed(message, header: header, nonce: nonce)
            #expect(sealed == hex(row.ct) + hex(row.tag), "\(row.tcId)")
        }
        let opened = cipher.opened(hex(row.ct) + hex(row.tag), header: header, nonce: nonce)
        #expect(opened == (row.result == "valid" ? message : nil), "\(row.tcId)")
    }

    struct Derivation: Decodable {
        struct Row: Decodable {
            let tcId, size: Int
            let ikm, salt, info, okm, result: String
        }
        let tests: [Row]
    }

    @Test("HKDF-SHA-256", available("hkdf_sha256_test.json"))
    func hkdf() throws {
        let file = try Vectors.load("wycheproof/hkdf_sha256_test.json", as: File<Derivation>.self)
        // Rows that must fail ask for more than 255 blocks; no caller here ever does.
        for row in file.testGroups.flatMap(\.tests) where row.result == "valid" {
            let output = KeyDerivation.hkdf(
                SecretBytes(copying: hex(row.ikm)), salt: SecretBytes(copying: hex(row.salt)),
                info: hex(row.info), count: row.size)
            #expect(output.revealed == hex(row.okm), "\(row.tcId)")
        }
    }

    struct Decapsulation: Decodable {
        struct Row: Decodable {
            let tcId: Int
            let seed, c, result: String
            let ek, K: String?
        }
        let tests: [Row]
    }

    @Test("ML-KEM-768 key generation and decapsulation", available("mlkem_768_test.json"))
    func decapsulation() throws {
        let file = try Vectors.load("wycheproof/mlkem_768_test.json", as: File<Decapsulation>.self)
        let kem = MLKEM768KeyEncapsulation()
        for row in file.testGroups.flatMap(\.tests) {
            let seed = SecretBytes(copying: hex(row.seed))
            let shared = try? kem.decapsulate(hex(row.c), with: seed)
            if row.result == "valid" {
                #expect(shared?.revealed == hex(row.K), "\(row.tcId)")
                if let key = row.ek { #expect(try kem.encapsulationKey(of: seed) == hex(key)) }
            } else {
                #expect(shared == nil, "\(row.tcId)")
            }
        }
    }

    struct EncapsulationKeys: Decodable {
        struct Row: Decodable {
            let tcId: Int
            let ek, result: String
        }
        let tests: [Row]
    }

    @Test("ML-KEM-768 encapsulation refuses every bad key", available("mlkem_768_encaps_test.json"))
    func encapsulation() throws {
        let file = try Vectors.load(
            "wycheproof/mlkem_768_encaps_test.json", as: File<EncapsulationKeys>.self)
        let kem = MLKEM768KeyEncapsulation()
        var refused = 0
        for row in file.testGroups.flatMap(\.tests) {
            let result = try? kem.encapsulate(to: hex(row.ek))
            #expect((result != nil) == (row.result == "valid"), "\(row.tcId)")
            #expect(
                MLKEM768KeyEncapsulation.passesModulusCheck(hex(row.ek)) == (row.result == "valid"))
            if result == nil { refused += 1 }
        }
        #expect(refused == 132)
    }
}

import SealiftBase
import Testing

@testable import SealiftCrypto

private func available(_ name: String) -> ConditionTrait {
    .enabled(if: Vectors.has("wycheproof/" + name), .init(rawValue: Vectors.absence))
}

@Suite("Signatures against Wycheproof")
struct SignatureVectorTests {
    struct File<Group: Decodable>: Decodable {
        let numberOfTests: Int
        let testGroups: [Group]
    }

    struct Row: Decodable {
        let tcId: Int
        let msg, sig, result: String
        let ctx: String?
        let flags: [String]
    }

    struct EdwardsGroup: Decodable {
        struct Key: Decodable { let pk: String }
        let publicKey: Key
        let tests: [Row]
    }

    @Test("Ed25519: every verdict", available("ed25519_test.json"))
    func edwards() throws {
        let file = try Vectors.load("wycheproof/ed25519_test.json", as: File<EdwardsGroup>.self)
        var count = 0
        for group in file.testGroups {
            for row in group.tests {
                let isValid = EdwardsSignature.isValid(
                    hex(row.sig), of: hex(row.msg), publicKey: hex(group.publicKey.pk))
                #expect(isValid == (row.result == "valid"), "\(row.tcId)")
                count += 1
            }
        }
        #expect(count == file.numberOfTests && count > 100)
    }

    struct LatticeGroup: Decodable {
        let publicKey: String
        let tests: [Row]
    }

    @Test("ML-DSA-65: every verdict", available("mldsa_65_verify_test.json"))
    func lattice() throws {
        let file = try Vectors.load(
            "wycheproof/mldsa_65_verify_test.json", as: File<LatticeGroup>.self)
        var count = 0
        for group in file.testGroups {
            for row in group.tests {
                let isValid = LatticeSignature.isValid(
                    hex(row.sig), of: hex(row.msg), context: hex(row.ctx),
                    publicKey: hex(group.publicKey))
                #expect(isValid == (row.result == "valid"), "\(row.tcId) \(row.flags)")
                count += 1
            }
        }
        #expect(count == file.numberOfTests && count > 200)
    }
}

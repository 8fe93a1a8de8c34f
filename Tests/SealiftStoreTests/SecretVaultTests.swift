import Foundation
import SealiftCrypto
import Testing

@testable import SealiftStore

@Suite("The vault")
struct SecretVaultTests {
    private static func secret(_ text: String) -> SecretBytes {
        SecretBytes(copying: Array(text.utf8))
    }

    private static func vault(
        _ store: TemporaryStore, _ protection: SecretVault.Protection
    ) throws -> SecretVault {
        try SecretVault.open(in: Store(in: store.home), protection, cost: .test)
    }

    @Test("gives a secret back under its passphrase, and under no other")
    func passphrase() throws {
        let store = try TemporaryStore()
        let vault = try Self.vault(store, .passphrase(Self.secret("correct horse")))
        try vault.put(Self.secret("device key"), as: "device")
        let again = try Self.vault(store, .passphrase(Self.secret("correct horse")))
        let found = try #require(try again.secret("device"))
        #expect(found.constantTimeEquals(Self.secret("device key")))
        #expect(try again.secret("other") == nil)
        #expect(throws: SecretVault.Failure.passphraseWrong) {
            try Self.vault(store, .passphrase(Self.secret("incorrect horse")))
        }
        #expect(throws: SecretVault.Failure.passphraseNeeded) { try Self.vault(store, .fileMode) }
        #expect(try SecretVault.needsPassphrase(in: Store(in: store.home)) == true)
    }

    @Test("keeps nothing that a stolen folder shows, also not of what was replaced or removed")
    func stolen() throws {
        let store = try TemporaryStore()
        let vault = try Self.vault(store, .passphrase(Self.secret("passphrase-in-clear")))
        for word in ["secret-one", "secret-two", "secret-three"] {
            try vault.put(Self.secret(word), as: "a")
        }
        try vault.remove("a")
        try vault.put(Self.secret("secret-four"), as: "b")
        for name in try FileManager.default.contentsOfDirectory(atPath: store.path) {
            let bytes = try Data(contentsOf: URL(filePath: "\(store.path)/\(name)"))
            for word in ["secret-", "passphrase-in-clear"] {
                #expect(bytes.range(of: Data(word.utf8)) == nil, "\(word) in \(name)")
            }
        }
    }

    @Test(
        "takes a new passphrase, after which the old one opens nothing; or none, where that is wanted"
    )
    func changed() throws {
        let store = try TemporaryStore()
        let vault = try Self.vault(store, .passphrase(Self.secret("old")))
        try vault.put(Self.secret("kept"), as: "a")
        try vault.change(to: .passphrase(Self.secret("new")), cost: .test)
        #expect(throws: SecretVault.Failure.passphraseWrong) {
            try Self.vault(store, .passphrase(Self.secret("old")))
        }
        #expect(
            try Self.vault(store, .passphrase(Self.secret("new"))).secret("a")?
                .constantTimeEquals(Self.secret("kept")) == true)
        try vault.change(to: .fileMode)
        #expect(try Self.vault(store, .fileMode).secret("a") != nil)
        #expect(try SecretVault.needsPassphrase(in: Store(in: store.home)) == false)
    }

    @Test("refuses a secret that was altered, or put in another's place")
    func altered() throws {
        let store = try TemporaryStore()
        let vault = try Self.vault(store, .fileMode)
        try vault.put(Self.secret("first"), as: "a")
        try vault.put(Self.secret("second"), as: "b")
        try store.tamper(
            "UPDATE secret SET bytes = (SELECT bytes FROM secret WHERE name = 'b') WHERE name = 'a'"
        )
        #expect(throws: SecretVault.Failure.damaged) { try vault.secret("a") }
        try store.tamper("UPDATE vault SET bytes = x'00'")
        #expect(throws: SecretVault.Failure.damaged) { try Self.vault(store, .fileMode) }
    }
}

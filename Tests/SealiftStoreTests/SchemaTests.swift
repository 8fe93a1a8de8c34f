import Foundation
import GRDB
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("The database's versions")
struct SchemaTests {
    /// The steps that were released, each by the hash of what it does.
    private static let released = [
        "0001 log": "b12898962968a1ddd473d707fd7d6fa5966ab57288118bf12a6f5a87abc32a68",
        "0002 receipts": "0385af555062b577b960422172c9a693e80d45dfed5cbfe657ecefebeedc7e7b",
        "0003 secrets": "910e4a95f0fd0b52a5af3baccf67c6e1abcdf752e1d191eca8fbabba26914fcc",
        "0004 people": "82648cc5dacc9967330dc139427cc5f4c2fb0240a96f34cd8136c2a8540332e7",
        "0005 shares": "fa0f8744d3104c33ed8c9e7ca144b53895303de80a070ab2cfb239b8f5297b0b",
        "0006 former logs": "40b52992e78c87f61475acb6bc0b8ea8aefe3be06ebaaff44520fc8e8887e5d4",
        "0007 devices": "b8df314b6965c51b3a9dce28b5a72485955031101606f0ea80c74a081853b2ad",
        "0008 watched": "5a4ec0de70b0b5599b7018b35fed83c0e25a9239fdb8aac4e090bfab0be98562",
        "0009 mailboxes": "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5",
        "0010 quarantine": "e04b786826af23889e8cc8054085434ed49e1f2a853e227993975ca748505eb9",
        "0011 introductions": "d164d0d0c38db05ce92d1194a939bc9870be2bae9c88b3a0f939f5efab713dc2",
    ]

    @Test("never change once they are out")
    func frozen() {
        var steps: [String: String] = [:]
        for step in Schema.steps {
            steps[step.name] = SHA256Digest.hash(Array(step.sql.utf8)).hexadecimal
        }
        #expect(steps == Self.released)
        #expect(Schema.steps.map(\.name) == Schema.steps.map(\.name).sorted())
    }

    @Test("are all opened, with what was in them", arguments: Schema.steps.indices)
    func upgraded(version: Int) throws {
        let store = try TemporaryStore()
        let old = Schema.migrator(Array(Schema.steps[...version]))
        let queue = try Store.open(store.home, migrator: old)
        try queue.write { database in
            let device = TemporaryStore.device.publicKeys.id
            try database.execute(
                sql:
                    "INSERT INTO log VALUES (1, x'\(String(repeating: "07", count: 16))', ?, 0, x'')",
                arguments: [Data(device.value.bytes)])
        }
        try queue.close()
        let log = try store.log()
        #expect(try log.head().log.description == String(repeating: "07", count: 16))
        try log.append(TemporaryStore.entry(0))
        #expect(try store.finding() == nil)
        #expect(try Store(in: store.home).receipts() == [])
    }

    @Test("from before mailboxes of days keep the keys of their pairs as they are")
    func pairKeysFromBefore() throws {
        let store = try TemporaryStore()
        let identity = IdentityID(SHA256Digest.hash([1]))
        let device = DeviceID(SHA256Digest.hash([2]))
        let key = try #require(PreSharedKey([UInt8](repeating: 3, count: 32)))
        let former = Schema.migrator(Schema.steps.filter { $0.name < "0009" })
        try Store.open(store.home, migrator: former).close()
        // As a sealift of then wrote it.
        let vault = try SecretVault.open(in: Store(in: store.home), .fileMode)
        try vault.put(
            key.secret, as: "pair \(identity.value.hexadecimal) \(device.value.hexadecimal)")
        let kept = try SecretVault.open(in: Store(in: store.home), .fileMode)
            .pairKeys(with: device, of: identity)
        #expect(kept.count == 1 && kept.first?.mailboxes == nil)
        #expect(kept.first?.opensTheSame(as: PairKey(told: key)) == true)
        // And a sealift of then leaves alone what this one opened.
        #expect(try Store(in: store.home).read { try former.hasBeenSuperseded($0) })
    }

    @Test("that are newer are left alone")
    func newer() throws {
        let store = try TemporaryStore()
        let step = Schema.Step(name: "9999 later", sql: "CREATE TABLE later (x INTEGER)")
        try Store.open(store.home, migrator: Schema.migrator(Schema.steps + [step])).close()
        #expect(throws: StoreFailure.newerVersion) { try Store(in: store.home) }
    }
}

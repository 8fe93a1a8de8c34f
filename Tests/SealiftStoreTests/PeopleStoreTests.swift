import Foundation
import GRDB
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("Identity and contacts in the store")
struct PeopleStoreTests {
    private static let time = WallTime(secondsSince1970: 1_795_000_000)

    private static func root(_ byte: UInt8) throws -> HybridSigningKey {
        try #require(
            HybridSigningKey(seed: SecretBytes(copying: [UInt8](repeating: byte, count: 32))))
    }

    private static func author(_ byte: UInt8, _ device: DeviceKeyPair) throws -> ChainAuthor {
        try ChainAuthor(beginning: try root(byte), with: device, time: time)
    }

    private static func contact(_ name: String, _ byte: UInt8) throws -> (Contact, DeviceChain) {
        let author = try author(byte, TemporaryStore.device(UInt64(byte)))
        return (Contact(name: try ContactName(name), devices: author.view), author.chain)
    }

    private static func entry(_ word: String) -> AuditEntry {
        AuditEntry(.contactChanged, at: time, reason: word)
    }

    private static func secret(_ text: String) -> SecretBytes {
        SecretBytes(copying: Array(text.utf8))
    }

    @discardableResult
    private static func begin(
        _ store: TemporaryStore, _ protection: SecretVault.Protection = .fileMode
    ) throws -> Bool {
        let author = try author(1, TemporaryStore.device)
        return try store.log().begin(
            author.chain, of: author.view.identity, with: TemporaryStore.device, protection,
            cost: .test)
    }

    private struct Refused: Error, Equatable {}

    private static func add(
        _ contact: Contact, _ chain: DeviceChain?, pair: (StoredPairKey, SecretVault)? = nil,
        to store: TemporaryStore
    ) throws {
        try store.log().changeContacts(chain: chain, pair: pair) { book in
            Result<AuditEntry, ContactBookError> { () throws(ContactBookError) in
                try book.add(contact)
                return Self.entry("added")
            }
        }.get()
    }

    @Test("begin once: vault, keys, chain and entry, all of it or nothing")
    func identity() throws {
        let store = try TemporaryStore()
        #expect(try Store(in: store.home).identity() == nil)
        #expect(try Self.begin(store, .passphrase(Self.secret("correct horse"))))
        let identity = try #require(try Store(in: store.home).identity())
        #expect(identity.id == IdentityID(of: try Self.root(1).publicKey))
        #expect(identity.devices.isActive(TemporaryStore.device.publicKeys.id))
        let vault = try SecretVault.open(
            in: Store(in: store.home), .passphrase(Self.secret("correct horse")), cost: .test)
        #expect(try vault.device()?.publicKeys == TemporaryStore.device.publicKeys)
        #expect(try SecretVault.holdsDevice(in: Store(in: store.home)))
        let size = try store.log().head().size
        #expect(size == 1)
        // A second one changes nothing, the vault's protection neither.
        #expect(try !Self.begin(store))
        #expect(try store.log().head().size == size)
        #expect(try SecretVault.needsPassphrase(in: Store(in: store.home)) == true)
        #expect(try store.finding() == nil)
    }

    @Test("that is killed while it begins has begun, or has not")
    func killedAtBirth() throws {
        let store = try TemporaryStore()
        let author = try Self.author(1, TemporaryStore.device)
        // The transaction fails at its last step: nothing of it is there.
        _ = try store.log()
        try store.tamper(
            "CREATE TRIGGER stop BEFORE INSERT ON checkpoint BEGIN SELECT RAISE(ABORT, 'no'); END")
        #expect(throws: StoreFailure.self) {
            try store.log().begin(
                author.chain, of: author.view.identity, with: TemporaryStore.device, .fileMode)
        }
        #expect(try Store(in: store.home).identity() == nil)
        #expect(try SecretVault.needsPassphrase(in: Store(in: store.home)) == nil)
        #expect(try !SecretVault.holdsDevice(in: Store(in: store.home)))
        try store.tamper("DROP TRIGGER stop")
        #expect(try Self.begin(store))
    }

    @Test("keep a contact as it is: name, standing, block and devices")
    func contacts() throws {
        let store = try TemporaryStore()
        let (bob, chain) = try Self.contact("bob", 2)
        try Self.add(bob, chain, to: store)
        for step in 0..<3 {
            try store.log().changeContacts { book in
                Result<AuditEntry, any Error> {
                    var contact = try #require(book.contacts[bob.identity])
                    switch step {
                    case 0:
                        let own = IdentityID(of: try Self.root(1).publicKey)
                        try contact.verify(
                            safetyNumber: contact.safetyNumber(with: own).text, with: own)
                        try book.update(contact)
                    case 1:
                        contact.block()
                        try book.update(contact)
                    default:
                        try book.rename(bob.identity, to: try ContactName("robert"))
                    }
                    return Self.entry("changed")
                }
            }.get()
        }
        let book = try Store(in: store.home).contacts()
        let read = try #require(book.contact(named: "robert"))
        #expect(read.verification == .verified(.safetyNumber) && read.isBlocked)
        #expect(read.devices.head == bob.devices.head && book.contacts.count == 1)
        #expect(try store.log().head().size == 4)
        #expect(try store.finding() == nil)
    }

    @Test("change with their entry in the log, or not at all")
    func refused() throws {
        let store = try TemporaryStore()
        let (bob, chain) = try Self.contact("bob", 2)
        try Self.add(bob, chain, to: store)
        let size = try store.log().head().size
        let (other, otherChain) = try Self.contact("b\u{131}b", 3)
        #expect(throws: (any Error).self) { try Self.add(bob, chain, to: store) }
        // A chain that does not lead to the contact's head is nobody's.
        #expect(throws: StoreFailure.self) { try Self.add(other, chain, to: store) }
        #expect(throws: StoreFailure.self) { try Self.add(other, nil, to: store) }
        #expect(try store.log().head().size == size)
        #expect(try Store(in: store.home).contacts().contacts.count == 1)
        try Self.add(other, otherChain, to: store)
        #expect(try Store(in: store.home).contacts().contacts.count == 2)
    }

    @Test("take no device from who edits the database")
    func edited() throws {
        let store = try TemporaryStore()
        let (bob, chain) = try Self.contact("bob", 2)
        try Self.add(bob, chain, to: store)
        let (_, foreign) = try Self.contact("mallory", 66)
        try store.tamper("UPDATE contact SET chain = ?", [Data(foreign.encoded)])
        #expect(throws: StoreFailure.damaged("a contact cannot be read")) {
            try Store(in: store.home).contacts()
        }
    }

    @Test(
        "keep the key before beside a new one until the other end has that too; a removal leaves none"
    )
    func pairKeys() throws {
        let store = try TemporaryStore()
        try Self.begin(store)
        let vault = try SecretVault.open(in: Store(in: store.home), .fileMode)
        let (bob, chain) = try Self.contact("bob", 2)
        let device = TemporaryStore.device(2).publicKeys.id
        var entropy = SeededEntropy(seed: 9)
        let keys = (0..<3).map { _ in PreSharedKey.generate(entropy: &entropy) }
        func pair(_ number: Int) -> StoredPairKey {
            StoredPairKey(identity: bob.identity, device: device, key: PairKey(told: keys[number]))
        }
        func held() throws -> [Int] {
            try vault.pairKeys(with: device, of: bob.identity).compactMap { key in
                keys.firstIndex { PairKey(told: $0).opensTheSame(as: key) }
            }
        }
        try Self.add(bob, chain, pair: (pair(0), vault), to: store)
        #expect(try held() == [0])
        for (number, after) in [(1, [1, 0]), (2, [2, 1])] {
            try store.log().changeContacts(pair: (pair(number), vault)) { _ in
                Result<AuditEntry, Refused>.success(Self.entry("paired_again"))
            }.get()
            #expect(try held() == after)
        }
        try vault.confirm(pair(2))
        #expect(try held() == [2])
        try store.log().changeContacts { book in
            _ = book.remove(bob.identity)
            return Result<AuditEntry, Refused>.success(Self.entry("removed"))
        }.get()
        #expect(try held() == [])
        #expect(try vault.device() != nil)
    }

    @Test("a contact is found by its very name, and no other contact is read for it")
    func named() throws {
        let home = try TemporaryStore()
        try Self.begin(home)
        for (name, byte) in [("bob", UInt8(2)), ("ann", 3)] {
            let (contact, chain) = try Self.contact(name, byte)
            try Self.add(contact, chain, to: home)
        }
        let store = try Store(in: home.home)
        let bob = try #require(try store.contactWithChain(named: "bob"))
        #expect(bob.contact.name.text == "bob")
        #expect(bob.chain.entries.last?.head == bob.contact.devices.head)
        for name in ["Bob", "b0b", "bob ", "eve", "", "a:b"] {
            #expect(try store.contactWithChain(named: name) == nil, "\(name)")
        }
        try store.write {
            try $0.execute(sql: "UPDATE contact SET chain = x'00' WHERE name = 'ann'")
        }
        #expect(try store.contactWithChain(named: "bob") != nil)
        #expect(throws: StoreFailure.self) { try store.contactWithChain(named: "ann") }
    }
}

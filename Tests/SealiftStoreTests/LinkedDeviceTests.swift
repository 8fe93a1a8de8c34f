import Foundation
import GRDB
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("Keys of devices, in the store")
struct LinkedDeviceTests {
    private static let time = WallTime(secondsSince1970: 1_795_000_000)

    /// A home with an identity, and bob, who has two devices, as a contact.
    private struct Scene {
        let vault: SecretVault
        let bob: IdentityID
        let first: DeviceID
        let second: DeviceID
        var author: ChainAuthor

        init(_ store: TemporaryStore) throws {
            func root(_ byte: UInt8) throws -> HybridSigningKey {
                try #require(
                    HybridSigningKey(
                        seed: SecretBytes(copying: [UInt8](repeating: byte, count: 32))))
            }
            let own = try ChainAuthor(
                beginning: root(1), with: TemporaryStore.device, time: LinkedDeviceTests.time)
            _ = try store.log().begin(
                own.chain, of: own.view.identity, with: TemporaryStore.device, .fileMode,
                cost: .test)
            vault = try SecretVault.open(in: Store(in: store.home), .fileMode)
            let (desktop, laptop) = (TemporaryStore.device(2), TemporaryStore.device(3))
            author = try ChainAuthor(
                beginning: root(2), with: desktop, time: LinkedDeviceTests.time)
            bob = author.view.identity
            (first, second) = (desktop.publicKeys.id, laptop.publicKeys.id)
            let certificate = try #require(
                DeviceCertificate(consentOf: laptop, to: bob, generation: 0))
            try author.add(certificate, time: LinkedDeviceTests.time)
            let contact = Contact(name: try ContactName("bob"), devices: author.view)
            try store.log().changeContacts(chain: author.chain) { book in
                Result<AuditEntry, ContactBookError> { () throws(ContactBookError) in
                    try book.add(contact)
                    return AuditEntry(
                        .contactChanged, at: LinkedDeviceTests.time, reason: "added")
                }
            }.get()
        }

        func pair(_ seed: UInt64) -> StoredPairKey {
            var entropy = SeededEntropy(seed: seed)
            return StoredPairKey(
                identity: bob, device: second,
                key: PairKey(told: PreSharedKey.generate(entropy: &entropy)))
        }

        func tell(
            _ pair: StoredPairKey, in store: TemporaryStore, time: WallTime = LinkedDeviceTests.time
        ) throws {
            try store.log().takeIntroduction(
                of: pair, by: first, own: TemporaryStore.device.publicKeys.id, siblings: [],
                time: time, in: vault)
        }

        /// A session that `used` opened, as the present key or as the one beside it, bore `pair`.
        func renew(
            _ pair: StoredPairKey, under used: StoredPairKey, isFormer: Bool = false
        ) throws -> Bool {
            try vault.renew(
                pair, isFormer: isFormer, hasOpened: { $0.opensTheSame(as: used.key) })
        }

        /// Whether the keys kept with the laptop are these, the present one first.
        func holds(_ pairs: [StoredPairKey]) throws -> Bool {
            let keys = try vault.pairKeys(with: second, of: bob)
            return keys.count == pairs.count
                && zip(keys, pairs).allSatisfy {
                    $0.opensTheSame(as: $1.key)
                }
        }
    }

    @Test("told by another device opens one session, and a born one takes its place")
    func told() throws {
        let store = try TemporaryStore()
        let scene = try Scene(store)
        let (told, born) = (scene.pair(1), scene.pair(2))
        let device = ContactDevice(identity: scene.bob, device: scene.second)
        let reading = try Store(in: store.home)
        try scene.tell(told, in: store)
        #expect(try scene.holds([told]))
        #expect(try reading.introducedKeys() == [device: false])
        let size = try store.log().head().size
        // The same again is nothing new.
        try scene.tell(told, in: store)
        #expect(try scene.holds([told]) && store.log().head().size == size)
        // A key is born: the told one stays until the other end is known to have the new one.
        #expect(try scene.renew(born, under: told))
        #expect(try scene.holds([born, told]))
        #expect(try reading.introducedKeys() == [device: true])
        // The other end had only the told one: the next session under it bears another.
        let again = scene.pair(3)
        #expect(try scene.renew(again, under: told, isFormer: true))
        #expect(try scene.holds([again, told]))
        try scene.vault.confirm(again)
        #expect(try scene.holds([again]))
        #expect(try reading.introducedKeys() == [:])
        // From now on nobody else's word counts.
        try scene.tell(scene.pair(4), in: store)
        #expect(try scene.holds([again]) && store.log().head().size == size)
    }

    @Test("told again and again replace each other once a day, and do not fill the log")
    func toldAgain() throws {
        let store = try TemporaryStore()
        let scene = try Scene(store)
        let keys = (0..<6).map { scene.pair(UInt64($0)) }
        func told(_ number: Int, after seconds: Int64) throws -> Bool {
            let size = try store.log().head().size
            try scene.tell(keys[number], in: store, time: Self.time.adding(seconds: seconds))
            return try store.log().head().size == size + 1
        }
        let day: Int64 = 86_400
        #expect(try told(0, after: 0) && scene.holds([keys[0]]))
        // The device lost its state and was linked again: there is no waiting.
        #expect(try told(1, after: 1) && scene.holds([keys[1], keys[0]]))
        // Who brought it first says the key of then again, which is there still.
        #expect(try !told(0, after: 2) && !told(0, after: 9 * day))
        for seconds in [2, day / 2, day] { #expect(try !told(2, after: seconds)) }
        #expect(try scene.holds([keys[1], keys[0]]))
        #expect(try told(2, after: day + 1) && scene.holds([keys[2], keys[1]]))
        #expect(try !told(3, after: day + 2) && scene.holds([keys[2], keys[1]]))
        // A clock that showed 2099 once holds up nothing for long.
        #expect(try told(3, after: 26_000 * day) && scene.holds([keys[3], keys[2]]))
        #expect(try told(4, after: 3 * day) && scene.holds([keys[4], keys[3]]))
        #expect(try !told(5, after: 3 * day))
        // One that is born in a session takes its place whenever it is.
        #expect(try scene.renew(keys[5], under: keys[4]))
        try scene.vault.confirm(keys[5])
        #expect(try scene.holds([keys[5]]) && !told(0, after: 99 * day))
    }

    @Test("born in two sessions at once: the first stays, and who came too late is told so")
    func bornTwice() throws {
        let store = try TemporaryStore()
        let scene = try Scene(store)
        let (told, first, second) = (scene.pair(1), scene.pair(2), scene.pair(3))
        try scene.tell(told, in: store)
        // The told key opened both sessions, as the present one.
        #expect(try scene.renew(first, under: told))
        #expect(try !scene.renew(second, under: told))
        #expect(try scene.holds([first, told]))
        // A session under the new key stood: the told one opens nothing any more.
        try scene.vault.confirm(first)
        #expect(try !scene.renew(second, under: told, isFormer: true))
        #expect(try !scene.renew(second, under: told))
        #expect(try scene.holds([first]))
        // And the word of a session that a key opened which is no more the present one ends none.
        #expect(try scene.renew(second, under: first))
        try scene.vault.confirm(first)
        #expect(try scene.holds([second, first]))
        try scene.vault.confirm(second)
        #expect(try scene.holds([second]))
    }

    @Test("of a contact's device that has ended are gone, and none is taken for it")
    func ended() throws {
        let store = try TemporaryStore()
        var scene = try Scene(store)
        // While another process has the database open.
        let running = try Store(in: store.home)
        try scene.tell(scene.pair(1), in: store)
        let form = try store.storedSecret(scene.pair(1).name)
        #expect(try store.holds(form))
        try scene.author.revoke(scene.second, reason: .lost, time: Self.time)
        try store.log().learn(scene.author.chain, of: scene.bob, from: scene.first)
        #expect(try scene.holds([]))
        #expect(try !store.holds(form))
        #expect(try running.introducedKeys() == [:])
        try scene.tell(scene.pair(2), in: store)
        #expect(try scene.holds([]))
    }

    @Test("and who has seen which of one's own devices only grows, and is for contacts only")
    func seen() throws {
        let store = try TemporaryStore()
        let scene = try Scene(store)
        let reading = try Store(in: store.home)
        for sequence in [2, 5, 3] as [UInt32] {
            try reading.noteSeen(
                ChainPosition(generation: 0, sequence: sequence), by: scene.bob)
        }
        try reading.noteSeen(
            ChainPosition(generation: 0, sequence: 1),
            by: IdentityID(Hash256.zero))
        #expect(
            try reading.seenPositions()
                == [scene.bob: ChainPosition(generation: 0, sequence: 5)])
    }
}

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

        func tell(_ pair: StoredPairKey, in store: TemporaryStore) throws {
            try store.log().takeIntroduction(
                of: pair, by: first, own: TemporaryStore.device.publicKeys.id, siblings: [],
                in: vault)
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
        try scene.vault.renew(born, isFormer: false)
        #expect(try scene.holds([born, told]))
        #expect(try reading.introducedKeys() == [device: true])
        // The other end had only the told one: the next session under it bears another.
        let again = scene.pair(3)
        try scene.vault.renew(again, isFormer: true)
        #expect(try scene.holds([again, told]))
        try scene.vault.confirm(again)
        #expect(try scene.holds([again]))
        #expect(try reading.introducedKeys() == [:])
        // From now on nobody else's word counts.
        try scene.tell(scene.pair(4), in: store)
        #expect(try scene.holds([again]) && store.log().head().size == size)
    }

    @Test("of a contact's device that has ended are gone, and none is taken for it")
    func ended() throws {
        let store = try TemporaryStore()
        var scene = try Scene(store)
        try scene.tell(scene.pair(1), in: store)
        try scene.author.revoke(scene.second, reason: .lost, time: Self.time)
        try store.log().learn(scene.author.chain, of: scene.bob, from: scene.first)
        #expect(try scene.holds([]))
        #expect(try Store(in: store.home).introducedKeys() == [:])
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

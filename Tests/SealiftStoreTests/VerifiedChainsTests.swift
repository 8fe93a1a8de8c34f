import Foundation
import GRDB
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("Chains that were verified")
struct VerifiedChainsTests {
    @Test("are verified once for the bytes that stand in the database, whoever asks")
    func once() throws {
        let scene = try SharingScene()
        let store = try scene.open()
        let log = try AuditLog(store, of: TemporaryStore.device)
        for number in 0..<3 {
            let found = try #require(try store.contactWithChain(scene.bob.identity))
            #expect(found.contact.devices.head == scene.bob.devices.head)
            #expect(found.contact.name == scene.bob.name && found.contact.isVerified)
            #expect(found.chain.entries.last?.head == scene.bob.devices.head)
            #expect(try store.contactWithChain(named: "bob") != nil)
            #expect(
                store.contact(scene.bob.identity).value?.devices.head == scene.bob.devices.head)
            let offer = try SharingScene.offer(number, from: scene.bob)
            _ = try log.addOffer(offer, time: SharingScene.time)
        }
        #expect(store.chains.verificationCount == 1)
        // Everybody: the two others are new.
        for _ in 0..<3 { #expect(try store.contacts().contacts.count == 3) }
        #expect(store.chains.verificationCount == 3)
    }

    @Test("serve nothing that somebody edited in the database")
    func edited() throws {
        let scene = try SharingScene()
        let store = try scene.open()
        let chain = try #require(try store.contactWithChain(scene.bob.identity)).chain.encoded
        let others = try #require(try store.contactWithChain(scene.ann.identity)).chain.encoded
        #expect(store.chains.verificationCount == 2)
        func set(_ bytes: [UInt8]) throws {
            try store.write {
                try $0.execute(
                    sql: "UPDATE contact SET chain = ? WHERE name = 'bob'",
                    arguments: [Data(bytes)])
            }
        }
        var forged = chain
        forged[forged.count - 1] ^= 1
        for (bytes, count) in [(forged, 3), (forged, 4), (others, 5)] {
            try set(bytes)
            #expect(throws: StoreFailure.damaged("a contact cannot be read")) {
                try store.contactWithChain(scene.bob.identity)
            }
            // What does not hold is not remembered, neither as right nor as wrong.
            #expect(store.chains.verificationCount == count)
        }
        try set(forged)
        #expect(store.contact(scene.bob.identity).isFailed)
        // What held before is known still.
        let count = store.chains.verificationCount
        try set(chain)
        #expect(try store.contactWithChain(scene.bob.identity) != nil)
        #expect(store.chains.verificationCount == count)
    }

    @Test("are kept in bounds, those that were used last")
    func bounds() throws {
        let stored = try ([1, 2, 3, 4, 5] as [UInt8]).map { byte -> (Data, IdentityID) in
            let root = try #require(
                HybridSigningKey(
                    seed: SecretBytes(copying: [UInt8](repeating: byte, count: 32))))
            let author = try ChainAuthor(
                beginning: root, with: TemporaryStore.device(UInt64(byte)),
                time: SharingScene.time)
            return (Data(author.chain.encoded), author.view.identity)
        }
        let chains = VerifiedChains(maximumCount: 4)
        func look(_ numbers: Int..., in chains: VerifiedChains) throws -> Int {
            for number in numbers {
                let (bytes, identity) = stored[number]
                let found = try chains.verified(bytes, of: identity)
                #expect(found.view.identity == identity)
            }
            return chains.verificationCount
        }
        #expect(try look(0, 1, 2, 3, 0, in: chains) == 4)
        // Room is made of the half that was used longest ago: the second and the third.
        #expect(try look(4, in: chains) == 5)
        #expect(try look(0, 3, 4, in: chains) == 5)
        #expect(try look(1, 2, in: chains) == 7)
        // One that is larger than all the room is verified each time.
        let narrow = VerifiedChains(maximumByteCount: stored[0].0.count - 1)
        #expect(try look(0, 0, in: narrow) == 2)
        let single = VerifiedChains(maximumByteCount: stored[0].0.count)
        #expect(try look(0, 0, 1, 1, 0, in: single) == 3)
        // Another's chain is nobody's, though it is known.
        #expect(throws: (any Error).self) { try chains.verified(stored[1].0, of: stored[2].1) }
    }
}

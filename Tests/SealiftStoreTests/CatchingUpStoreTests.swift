import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("A chain that was caught up with, in the store")
struct CatchingUpStoreTests {
    private static let time = WallTime(secondsSince1970: 1_795_000_000)

    private static let peer = TemporaryStore.device(5).publicKeys.id

    private static func root(_ byte: UInt8) throws -> HybridSigningKey {
        try #require(
            HybridSigningKey(seed: SecretBytes(copying: [UInt8](repeating: byte, count: 32))))
    }

    /// Begins an identity in `store`.
    private static func begin(in store: TemporaryStore) throws -> ChainAuthor {
        let author = try ChainAuthor(
            beginning: root(1), with: TemporaryStore.device, time: time)
        _ = try store.log().begin(
            author.chain, of: author.view.identity, with: TemporaryStore.device, .fileMode,
            cost: .test)
        return author
    }

    private static func adding(_ seed: UInt64, to author: ChainAuthor) throws -> ChainAuthor {
        var author = author
        let certificate = try #require(
            DeviceCertificate(
                consentOf: TemporaryStore.device(seed), to: author.view.identity, generation: 0))
        try author.add(certificate, time: time)
        return author
    }

    @Test(
        "comes through two sessions at once in either order, and a fork of it does not",
        arguments: [false, true])
    func twoSessions(isLongerFirst: Bool) throws {
        let store = try TemporaryStore()
        let old = try Self.begin(in: store)
        let first = try Self.adding(2, to: old)
        let second = try Self.adding(3, to: first)
        let log = try store.log()
        // Both sessions began with the old head.
        func catchUp(to author: ChainAuthor) throws -> ChainHead? {
            try log.catchUp(to: author.chain, from: old.view.head, by: Self.peer)
        }
        if isLongerFirst {
            #expect(try catchUp(to: second) == old.view.head)
            #expect(try catchUp(to: first) == nil)
        } else {
            #expect(try catchUp(to: first) == old.view.head)
            #expect(try catchUp(to: second) == first.view.head)
        }
        func stored() throws -> DeviceChain? { try Store(in: store.home).identity()?.chain }
        #expect(try stored() == second.chain)
        // Signed by the same root, and another history: behind the first, and from the beginning on.
        let forks = [
            try Self.adding(7, to: Self.adding(6, to: first)),
            try Self.adding(9, to: Self.adding(8, to: Self.adding(7, to: old))),
        ]
        for fork in forks {
            #expect(try catchUp(to: fork) == nil)
            let kept = try #require(try stored())
            #expect(kept == second.chain)
            #expect(!kept.entries.contains { $0.head == fork.view.head })
        }
        #expect(try store.finding() == nil)
    }

    @Test("takes from a contact what its own root signed, once, and nothing else")
    func chain() throws {
        let store = try TemporaryStore()
        let old = try Self.begin(in: store)
        let newer = try Self.adding(2, to: old)
        let other = try Self.adding(3, to: old)
        let stranger = try ChainAuthor(
            beginning: Self.root(9), with: TemporaryStore.device(9), time: Self.time)
        let peer = Self.peer
        let log = try store.log()
        func stored() throws -> ChainHead? { try Store(in: store.home).identity()?.devices.head }
        #expect(
            try log.catchUp(to: stranger.chain, from: old.view.head, by: peer) == nil)
        #expect(try stored() == old.view.head)
        #expect(
            try log.catchUp(to: newer.chain, from: old.view.head, by: peer) == old.view.head)
        #expect(try stored() == newer.view.head)
        // Again, from where it is no more; and another history.
        #expect(try log.catchUp(to: newer.chain, from: old.view.head, by: peer) == nil)
        #expect(throws: (any Error).self) {
            try log.catchUp(to: other.chain, from: newer.view.head, by: peer)
        }
        #expect(try stored() == newer.view.head)
        var found: [AuditEntry] = []
        try log.forEachEntry { _, entry in
            if let entry = try? entry.get() { found.append(entry) }
            return true
        }
        #expect(found.map(\.reason) == ["identity_begun", "chain_gained"])
        #expect(found.last?.event == .keyChanged && found.last?.peer == peer)
        #expect(found.last?.decision == AuditEntry.Decision.none)
        #expect(try store.finding() == nil)
    }
}

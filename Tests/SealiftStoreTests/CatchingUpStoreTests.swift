import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("A chain that was caught up with, in the store")
struct CatchingUpStoreTests {
    private static let time = WallTime(secondsSince1970: 1_795_000_000)

    @Test("takes from a contact what its own root signed, once, and nothing else")
    func chain() throws {
        let store = try TemporaryStore()
        func root(_ byte: UInt8) throws -> HybridSigningKey {
            try #require(
                HybridSigningKey(seed: SecretBytes(copying: [UInt8](repeating: byte, count: 32))))
        }
        let old = try ChainAuthor(
            beginning: root(1), with: TemporaryStore.device, time: Self.time)
        _ = try store.log().begin(
            old.chain, of: old.view.identity, with: TemporaryStore.device, .fileMode, cost: .test)
        func adding(_ seed: UInt64, to author: ChainAuthor) throws -> ChainAuthor {
            var author = author
            let certificate = try #require(
                DeviceCertificate(
                    consentOf: TemporaryStore.device(seed), to: author.view.identity, generation: 0)
            )
            try author.add(certificate, time: Self.time)
            return author
        }
        let newer = try adding(2, to: old)
        let other = try adding(3, to: old)
        let stranger = try ChainAuthor(
            beginning: root(9), with: TemporaryStore.device(9), time: Self.time)
        let peer = TemporaryStore.device(5).publicKeys.id
        let log = try store.log()
        func stored() throws -> ChainHead? { try Store(in: store.home).identity()?.devices.head }
        #expect(
            try !log.catchUp(to: stranger.chain, from: old.view.head, by: peer))
        #expect(try stored() == old.view.head)
        #expect(try log.catchUp(to: newer.chain, from: old.view.head, by: peer))
        #expect(try stored() == newer.view.head)
        // Again, from where it is no more; and another history.
        #expect(try !log.catchUp(to: newer.chain, from: old.view.head, by: peer))
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

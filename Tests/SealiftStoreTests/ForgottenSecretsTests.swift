import Foundation
import GRDB
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("Secrets that go")
struct ForgottenSecretsTests {
    private static func vault(_ store: TemporaryStore) throws -> SecretVault {
        try SecretVault.open(in: Store(in: store.home), .fileMode)
    }

    private static func ticket(_ number: UInt8) -> SecretBytes {
        SecretBytes(copying: [UInt8](repeating: number, count: 90))
    }

    private static func tickets(_ store: TemporaryStore) throws -> [String] {
        try Store(in: store.home).read {
            try String.fetchAll(
                $0, sql: "SELECT name FROM secret WHERE name LIKE 'offer %' ORDER BY name")
        }
    }

    /// Offers something of a contact, with a ticket.
    /// - Returns: what the ticket is called.
    private static func offer(
        _ number: UInt8, from contact: Contact, in scene: SharingScene, _ vault: SecretVault
    ) throws -> (id: OfferID, name: String) {
        let incoming = try SharingScene.offer(Int(number), from: contact)
        _ = try scene.log().addOffer(incoming, time: SharingScene.time)
        #expect(try vault.putTicket(ticket(number), of: incoming.id))
        return (incoming.id, "offer \(incoming.id)")
    }

    @Test("with a contact are in no byte of the home: its keys, and the tickets of its offers")
    func removed() throws {
        let scene = try SharingScene()
        // While another process has the database open.
        let running = try scene.open()
        let vault = try Self.vault(scene.store)
        var entropy = SeededEntropy(seed: 5)
        let pair = StoredPairKey(
            identity: scene.bob.identity, device: SharingScene.device(of: scene.bob),
            key: PairKey(told: PreSharedKey.generate(entropy: &entropy)))
        try vault.change { try vault.put(pair, in: $0) }
        let theirs = try Self.offer(1, from: scene.bob, in: scene, vault)
        let others = try Self.offer(2, from: scene.ann, in: scene, vault)
        let forms = try [pair.name, theirs.name].map(scene.store.storedSecret)
        for form in forms { #expect(try scene.store.holds(form)) }
        try scene.log().changeContacts { book in
            _ = book.remove(scene.bob.identity)
            return Result<AuditEntry, ContactBookError>.success(
                AuditEntry(.contactChanged, at: SharingScene.time, reason: "removed"))
        }.get()
        for form in forms { #expect(try !scene.store.holds(form)) }
        #expect(try Self.tickets(scene.store) == [others.name])
        #expect(try vault.secret(others.name)?.constantTimeEquals(Self.ticket(2)) == true)
        // A session that had judged the offer before comes too late.
        #expect(try !vault.putTicket(Self.ticket(1), of: theirs.id))
        #expect(try running.contacts().contacts.count == 2)
    }

    @Test("with a declined offer are in no byte of the home, nor are those whose offer is gone")
    func declined() throws {
        let scene = try SharingScene()
        let running = try scene.open()
        let vault = try Self.vault(scene.store)
        let unwanted = try Self.offer(1, from: scene.eve, in: scene, vault)
        let waiting = try Self.offer(2, from: scene.eve, in: scene, vault)
        let wanted = try Self.offer(3, from: scene.eve, in: scene, vault)
        _ = try scene.log().decideOffer(wanted.id, .accept(into: Array("/srv/in".utf8))).get()
        let lost = "offer \(String(repeating: "0f", count: 16))"
        try vault.put(Self.ticket(9), as: lost)
        let forms = try [unwanted.name, lost].map(scene.store.storedSecret)
        for form in forms { #expect(try scene.store.holds(form)) }
        _ = try scene.log().decideOffer(unwanted.id, .decline).get()
        for form in forms { #expect(try !scene.store.holds(form)) }
        #expect(try Self.tickets(scene.store) == [waiting.name, wanted.name].sorted())
        #expect(try !vault.putTicket(Self.ticket(1), of: unwanted.id))
        // Also one that may come already, and the last.
        for offer in [wanted, waiting] {
            _ = try scene.log().decideOffer(offer.id, .decline).get()
        }
        #expect(try Self.tickets(scene.store) == [])
        #expect(try running.inbox() == [])
    }

    @Test("with a device of the user's own are in no byte of the home")
    func ownDevice() throws {
        let store = try TemporaryStore()
        let root = try #require(
            HybridSigningKey(seed: SecretBytes(copying: [UInt8](repeating: 1, count: 32))))
        var author = try ChainAuthor(
            beginning: root, with: TemporaryStore.device, time: SharingScene.time)
        let guest = TemporaryStore.device(2)
        let certificate = try #require(
            DeviceCertificate(consentOf: guest, to: author.view.identity, generation: 0))
        try author.add(certificate, time: SharingScene.time)
        _ = try store.log().begin(
            author.chain, of: author.view.identity, with: TemporaryStore.device, .fileMode,
            cost: .test)
        let running = try Store(in: store.home)
        let vault = try Self.vault(store)
        let name = StoredLinkKey.guestName(guest.publicKeys.id)
        try vault.put(SecretBytes(copying: [UInt8](repeating: 3, count: 32)), as: name)
        let form = try store.storedSecret(name)
        #expect(try store.holds(form))
        let former = author.view.head
        try author.revoke(guest.publicKeys.id, reason: .lost, time: SharingScene.time)
        #expect(
            try store.log().extend(
                to: author.chain, from: former, as: "device_ended", device: guest.publicKeys.id))
        #expect(try vault.secret(name) == nil)
        #expect(try !store.holds(form))
        #expect(try running.identity()?.devices.head == author.view.head)
    }

    @Test("from the vault, or from under file modes alone, are in no byte of the home")
    func vaultItself() throws {
        let store = try TemporaryStore()
        let running = try Store(in: store.home)
        let vault = try Self.vault(store)
        try vault.put(Self.ticket(1), as: "a")
        let form = try store.storedSecret("a")
        #expect(try store.holds(form))
        try vault.remove("a")
        #expect(try !store.holds(form))
        // The vault's key itself, which lies there in clear until there is a passphrase.
        let bytes = try running.read { try Data.fetchOne($0, sql: "SELECT bytes FROM vault") }
        let key = Data(try #require(bytes).dropFirst())
        #expect(try store.holds(key))
        let passphrase = SecretBytes(copying: Array("correct horse".utf8))
        try vault.change(to: .passphrase(passphrase), cost: .test)
        #expect(try !store.holds(key))
        #expect(try SecretVault.needsPassphrase(in: running) == true)
    }
}

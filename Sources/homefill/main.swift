// Fills a home that `sealift id --no-passphrase` made with contacts and shares, through the store's own
// transactions: for `scripts/bench-people`, not a product.
//
//     homefill HOME CONTACTS SHARES FOLDER MEMBER     FOLDER is shared SHARES times with MEMBER, a contact
import Glibc
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore

/// What the arguments say is not there.
struct Missing: Error {
    let what: String
}

func fill(home path: String, contacts: Int, shares: Int, folder: String, member: String) throws {
    let store = try Store(in: try Home.open(path: Array(path.utf8)))
    guard let device = try SecretVault.open(in: store, .fileMode).device() else {
        throw Missing(what: "the device's keys")
    }
    let log = try AuditLog(store, of: device)
    guard let member = try store.contactWithChain(named: member)?.contact.identity else {
        throw Missing(what: "the contact")
    }
    let time = SystemWallClock.now()
    var entropy = SealiftCrypto.SystemEntropy()
    let people = try (0..<contacts).map { number in
        let key = DeviceKeyPair.generate(entropy: &entropy)
        let root = SecretBytes(count: 32, entropy: &entropy)
        guard let root = HybridSigningKey(seed: root) else { throw Missing(what: "a root key") }
        let author = try ChainAuthor(beginning: root, with: key, time: time)
        let contact = Contact(
            name: try ContactName("person \(number)"), devices: author.view,
            verification: .verified(.code))
        return (
            contact: contact, chain: author.chain,
            entry: AuditEntry(
                .contactChanged, at: time, peer: key.publicKeys.id, decision: .code, reason: "added"
            )
        )
    }
    let shared = try (0..<shares).map { number in
        let share = StoredShare(
            id: ShareID(entropy: &entropy), name: try ShareName("share-\(number)"),
            path: Array(folder.utf8), created: time)
        guard let share else { throw Missing(what: "the folder's whole path") }
        return (share: share, grants: [Grant(share: share.id, member: member, role: .viewer)])
    }
    try log.addMany(contacts: people, shares: shared)
}

/// Says why nothing was filled, and ends.
func fail(_ text: String, status: CInt) -> Never {
    let bytes = Array("\(text)\n".utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
    exit(status)
}

let arguments = CommandLine.arguments
guard arguments.count == 6, let contacts = Int(arguments[2]), let shares = Int(arguments[3]) else {
    fail("homefill HOME CONTACTS SHARES FOLDER MEMBER", status: 64)
}
do {
    try fill(
        home: arguments[1], contacts: contacts, shares: shares, folder: arguments[4],
        member: arguments[5])
} catch {
    fail("homefill: \(error)", status: 1)
}

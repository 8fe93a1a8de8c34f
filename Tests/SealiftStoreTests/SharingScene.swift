import Foundation
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

/// A home with an identity and three contacts: bob and ann, who are verified, and eve, who is not.
struct SharingScene {
    static let time = WallTime(secondsSince1970: 1_795_000_000)

    let store: TemporaryStore
    let own: IdentityID
    let bob: Contact
    let ann: Contact
    let eve: Contact

    init() throws {
        store = try TemporaryStore()
        let author = try ChainAuthor(
            beginning: Self.root(1), with: TemporaryStore.device, time: Self.time)
        own = author.view.identity
        let log = try store.log()
        _ = try log.begin(
            author.chain, of: own, with: TemporaryStore.device, .fileMode, cost: .test)
        bob = try Self.add("bob", 2, .verified(.code), to: log)
        ann = try Self.add("ann", 3, .verified(.safetyNumber), to: log)
        eve = try Self.add("eve", 4, .unverified, to: log)
    }

    private static func root(_ byte: UInt8) throws -> HybridSigningKey {
        try #require(
            HybridSigningKey(seed: SecretBytes(copying: [UInt8](repeating: byte, count: 32))))
    }

    /// Adds a contact, all of whose keys follow from one byte.
    static func add(
        _ name: String, _ byte: UInt8, _ verification: Contact.Verification, to log: AuditLog
    ) throws -> Contact {
        let author = try ChainAuthor(
            beginning: root(byte), with: TemporaryStore.device(UInt64(byte)), time: time)
        let contact = Contact(
            name: try ContactName(name), devices: author.view, verification: verification)
        try log.changeContacts(chain: author.chain) { book in
            Result<AuditEntry, ContactBookError> { () throws(ContactBookError) in
                try book.add(contact)
                return AuditEntry(.contactChanged, at: time, reason: "added")
            }
        }.get()
        return contact
    }

    /// The store, as another process would open it.
    func open() throws -> Store { try Store(in: store.home) }
    /// The log, as another process would open it.
    func log() throws -> AuditLog { try store.log() }

    static func device(of contact: Contact) -> DeviceID {
        contact.devices.devices.keys.first ?? own
    }
    private static let own = TemporaryStore.device.publicKeys.id

    /// The same numbers in every process.
    static func share(_ number: UInt8, _ name: String) throws -> StoredShare {
        let (id, name) = (try id(number), try ShareName(name))
        return try #require(
            StoredShare(id: id, name: name, path: Array("/srv/\(name)".utf8), created: time))
    }

    static func id(_ number: UInt8) throws -> ShareID {
        try #require(ShareID([UInt8](repeating: number, count: ShareID.byteCount)))
    }

    static func offer(
        _ number: Int, from contact: Contact, bytes: UInt64 = 10, label: String = "model"
    ) throws -> IncomingOffer {
        let id = (0..<OfferID.byteCount).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        return IncomingOffer(
            id: try #require(OfferID(id)),
            offer: Offer(from: contact.identity, byteCount: bytes, entryCount: 1),
            device: device(of: contact), label: try #require(OfferLabel(Array(label.utf8))))
    }

    /// The entries of the log, without those that made the scene.
    func entries() throws -> [AuditEntry] {
        var entries: [AuditEntry] = []
        try log().forEachEntry { _, entry in
            if let entry = try? entry.get() { entries.append(entry) }
            return true
        }
        return Array(entries.dropFirst(4))
    }
}

extension Lookup {
    /// What was found.
    var value: Value? { if case .found(let value) = self { value } else { nil } }
    var isAbsent: Bool { if case .absent = self { true } else { false } }
    var isFailed: Bool { if case .failed = self { true } else { false } }
}

extension Result {
    /// Why not.
    var refusal: Failure? { if case .failure(let error) = self { error } else { nil } }
}

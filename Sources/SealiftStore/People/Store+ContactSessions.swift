import Foundation
import GRDB
import SealiftBase
public import SealiftCrypto
import SealiftIO
public import SealiftPeople

extension Store {
    /// A value that is another one once a contact was added, removed, blocked, verified or has other
    /// devices, or a key shared with one is another, or this user has other devices. Costs a look at
    /// each row, and no signature is checked.
    public func contactStamp() throws(StoreFailure) -> Int {
        try read { database in
            var hasher = Hasher()
            let contacts = try Row.fetchCursor(
                database,
                sql: """
                    SELECT identity, verification, blocked, length(chain) AS size,
                        substr(chain, -64) AS tail
                    FROM contact ORDER BY identity
                    """)
            while let row = try contacts.next() {
                hasher.combine(row["identity"] as Data)
                hasher.combine(row["verification"] as Int64)
                hasher.combine(row["blocked"] as Int64)
                hasher.combine(row["size"] as Int64)
                hasher.combine(row["tail"] as Data)
            }
            if let own = try Data.fetchOne(
                database, sql: "SELECT substr(chain, -64) FROM identity")
            {
                hasher.combine(own)
            }
            let keys = try Row.fetchCursor(
                database,
                sql: "SELECT name, bytes FROM secret WHERE name >= 'pair ' AND name < 'pair!' "
                    + "ORDER BY name")
            while let row = try keys.next() {
                hasher.combine(row["name"] as String)
                hasher.combine(row["bytes"] as Data)
            }
            return hasher.finalize()
        }
    }
}

extension AuditLog {
    /// Stores what a contact showed of their devices in a session, and logs it. Somebody who is no contact
    /// any more is left alone, and what another session showed before is not taken back.
    /// - Parameters:
    ///   - chain: whole, and verified by the session.
    ///   - device: the contact's device that showed it.
    public func learn(
        _ chain: DeviceChain, of identity: IdentityID, from device: DeviceID
    ) throws(StoreFailure) {
        _ = try changeContacts(chain: chain) { book -> Result<AuditEntry, ContactLearning> in
            guard var contact = book.contacts[identity] else { return .failure(.nothing) }
            guard let change = try? contact.take(chain), change != .unchanged,
                (try? book.update(contact)) != nil
            else { return .failure(.nothing) }
            let word: String
            if case .recovered = change { word = "recovered" } else { word = "devices_changed" }
            return .success(
                AuditEntry(
                    .contactChanged, at: SystemWallClock.now(), peer: device,
                    subject: Array(contact.name.text.utf8) + [0]
                        + Array(identity.value.hexadecimal.utf8),
                    reason: word))
        }
    }

    /// Why nothing was stored.
    private enum ContactLearning: Error {
        case nothing
    }
}

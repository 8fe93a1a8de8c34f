import GRDB
package import SealiftPeople

extension AuditLog {
    /// Adds contacts with their chains, and shares with their grants, in one transaction; each has the
    /// entry in the log that it would have if it were added alone. For tests and benchmarks that need
    /// thousands: whoever adds one pays for a transaction, and for a look at every contact's chain.
    /// - Throws: ``StoreFailure``, and whatever refuses one of them; nothing has changed then.
    package func addMany(
        contacts: [(contact: Contact, chain: DeviceChain, entry: AuditEntry)],
        shares: [(share: StoredShare, grants: [Grant])]
    ) throws(StoreFailure) {
        try appendAll { database in
            var entries: [AuditEntry] = []
            var book = try ContactBook(in: database, store.chains)
            for (contact, chain, entry) in contacts {
                let before = book
                try book.add(contact)
                _ = try book.save(over: before, chain: chain, in: database)
                entries.append(entry)
            }
            for (share, grants) in shares {
                try share.insert(into: database)
                entries.append(.of(share, word: "share_added"))
                for grant in grants {
                    let contact = try grant.requireContact(in: database)
                    try grant.save(in: database)
                    entries.append(
                        .of(.granted, contact, share, by: .owner, word: grant.role.word))
                }
            }
            return entries
        }
    }
}

import Foundation
import GRDB
public import SealiftBase
public import SealiftCrypto
import SealiftIO
public import SealiftPeople

extension Store {
    /// Everybody whom the user added. Each chain is verified, once for the bytes that stand there: who edits the
    /// database adds no device to anybody.
    public func contacts() throws(StoreFailure) -> ContactBook {
        try read { try ContactBook(in: $0, chains) }
    }

    /// A contact with its whole chain, as a session shows and needs it; nil where there is none.
    public func contactWithChain(
        _ identity: IdentityID
    ) throws(StoreFailure) -> (contact: Contact, chain: DeviceChain)? {
        try contactWithChain(where: "identity = ?", [identity.stored])
    }

    /// The contact of this very name, with its whole chain; nil where there is none. No other contact's
    /// chain is verified for it.
    public func contactWithChain(
        named name: String
    ) throws(StoreFailure) -> (contact: Contact, chain: DeviceChain)? {
        guard let name = try? ContactName(name) else { return nil }
        return try contactWithChain(where: "name = ?", [name.text])
    }

    private func contactWithChain(
        where condition: String, _ arguments: StatementArguments
    ) throws(StoreFailure) -> (contact: Contact, chain: DeviceChain)? {
        let found = try read { database -> (Contact, DeviceChain)?? in
            let row = try Row.fetchOne(
                database, sql: "SELECT \(Contact.columns) FROM contact WHERE \(condition)",
                arguments: arguments)
            guard let row else { return .some(nil) }
            guard let found = try? Contact.read(StoredRow(row), chains) else { return nil }
            return (found.contact, found.chain)
        }
        guard let found else { throw .damaged("a contact cannot be read") }
        return found.map { (contact: $0.0, chain: $0.1) }
    }

    /// When each contact was added, by this machine's clock.
    public func contactTimes() throws(StoreFailure) -> [IdentityID: WallTime] {
        try read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT identity, added FROM contact")
            return Dictionary(
                rows.compactMap { row in
                    Hash256(row["identity"] as Data).map {
                        (IdentityID($0), WallTime(secondsSince1970: row["added"]))
                    }
                }, uniquingKeysWith: { first, _ in first })
        }
    }
}

/// A key that this device shares with a device of a contact, and where it is kept.
public struct StoredPairKey: Sendable {
    /// Whose key it is.
    public let identity: IdentityID
    /// The contact's device.
    public let device: DeviceID
    /// The key.
    public let key: PairKey

    /// Names the key of a pair.
    public init(identity: IdentityID, device: DeviceID, key: PairKey) {
        self.identity = identity
        self.device = device
        self.key = key
    }

    var name: String { Self.prefix(of: identity) + device.value.hexadecimal }
    var formerName: String { name + " former" }

    /// Where the keys with `device` of `identity` are kept: the present one, and the one before.
    static func names(of device: DeviceID, of identity: IdentityID) -> [String] {
        let name = prefix(of: identity) + device.value.hexadecimal
        return [name, name + " former"]
    }

    static func prefix(of identity: IdentityID) -> String {
        "pair \(identity.value.hexadecimal) "
    }
}

extension SecretVault {
    /// The keys that open sessions with `device` of `identity`: the present one, and the one before where
    /// it is not known that the other end has the present one too.
    public func pairKeys(
        with device: DeviceID, of identity: IdentityID
    ) throws(Failure) -> [PairKey] {
        var keys: [PairKey] = []
        for name in StoredPairKey.names(of: device, of: identity) {
            guard let bytes = try secret(name) else { continue }
            guard let key = PairKey(encoded: bytes) else { throw .damaged }
            keys.append(key)
        }
        return keys
    }

    /// The other end has the present key too: the one before opens nothing any more.
    public func confirm(_ pair: StoredPairKey) throws(Failure) {
        try forget(former: pair)
    }
}

extension AuditLog {
    /// Changes the contacts and logs what was done, both or neither. Processes take turns.
    /// - Parameters:
    ///   - chain: the whole chain of a contact whose devices `change` brings or renews.
    ///   - pair: a key born in a session with a contact, and the vault for it. A key before it stays
    ///     beside it until ``SecretVault/confirm(_:)``.
    ///   - change: changes the book and returns the entry; an error leaves everything as it was.
    public func changeContacts<Failure: Error>(
        chain: DeviceChain? = nil, pair: (StoredPairKey, SecretVault)? = nil,
        _ change: (inout ContactBook) -> Result<AuditEntry, Failure>
    ) throws(StoreFailure) -> Result<Void, Failure> {
        var isForgotten = false
        let outcome = try self.change {
            database -> Result<(value: Void, entries: [AuditEntry]), Failure> in
            let before = try ContactBook(in: database, store.chains)
            var book = before
            switch change(&book) {
            case .success(let entry):
                isForgotten = try book.save(over: before, chain: chain, in: database)
                if let (pair, vault) = pair {
                    try vault.put(pair, in: database)
                    // Born in a session of both: nobody else knows it.
                    try pair.setIntroduced(nil, in: database)
                    isForgotten = true
                }
                return .success((value: (), entries: [entry]))
            case .failure(let error):
                return .failure(error)
            }
        }
        if isForgotten { store.emptyWriteAheadLog() }
        return outcome
    }
}

extension SecretVault {
    func put(_ pair: StoredPairKey, in database: Database) throws {
        if let former = try secret(pair.name, in: database) {
            try put(former, as: pair.formerName, in: database)
        }
        try put(pair.key.encoded, as: pair.name, in: database)
    }
}

// MARK: Rows

extension ContactBook {
    init(in database: Database, _ chains: VerifiedChains) throws {
        self.init()
        let rows = try Row.fetchCursor(database, sql: "SELECT \(Contact.columns) FROM contact")
        while let row = try rows.next() {
            do { try add(Contact.read(StoredRow(row), chains).contact) } catch {
                throw StoreFailure.damaged("a contact cannot be read")
            }
        }
    }

    /// Writes what differs from `before`.
    /// - Returns: whether secrets went with what was removed or has ended: they are in the write-ahead log still.
    func save(
        over before: ContactBook, chain: DeviceChain?, in database: Database
    ) throws -> Bool {
        var isForgotten = false
        for identity in before.contacts.keys where contacts[identity] == nil {
            try database.execute(
                sql: "DELETE FROM contact WHERE identity = ?",
                arguments: [Data(identity.value.bytes)])
            let prefix = StoredPairKey.prefix(of: identity)
            try database.execute(
                sql: "DELETE FROM secret WHERE substr(name, 1, ?) = ?",
                arguments: [prefix.utf8.count, prefix])
            try database.execute(
                sql: "DELETE FROM introduced WHERE identity = ?", arguments: [identity.stored])
            try database.execute(
                sql: "DELETE FROM seen WHERE identity = ?", arguments: [identity.stored])
            try identity.forgetSharing(in: database)
            isForgotten = true
        }
        for contact in contacts.values {
            let former = before.contacts[contact.identity]
            guard former?.row != contact.row else { continue }
            let key = Data(contact.identity.value.bytes)
            if former?.devices.head != contact.devices.head {
                // Only a whole chain that leads to this very head can be verified again.
                guard let chain, chain.entries.last?.head == contact.devices.head,
                    (try? ChainView(verifying: chain, of: contact.identity)) != nil
                else { throw StoreFailure.failed("a contact's chain is not whole") }
                try contact.insert(chain, in: database)
                if try contact.forgetEndedDevices(in: database) { isForgotten = true }
            }
            try database.execute(
                sql:
                    "UPDATE contact SET name = ?, verification = ?, blocked = ? WHERE identity = ?",
                arguments: [
                    contact.name.text, contact.row.verification, contact.isBlocked, key,
                ])
        }
        return isForgotten
    }
}

extension Contact {
    /// What of a contact stands in columns of its own.
    fileprivate struct Columns: Equatable {
        let name: ContactName
        let verification: Int64
        let isBlocked: Bool
        let head: ChainHead
    }

    fileprivate var row: Columns {
        Columns(
            name: name, verification: Int64(verification.number), isBlocked: isBlocked,
            head: devices.head)
    }

    fileprivate static let columns = "identity, name, verification, blocked, chain"

    fileprivate static func read(
        _ row: StoredRow, _ chains: VerifiedChains
    ) throws -> (contact: Contact, chain: DeviceChain) {
        let known = try chains.verified(
            try row.required("chain"), of: try row.identity("identity"))
        let devices = known.view
        let number: Int64 = try row.required("verification")
        let verification = UInt8(exactly: number).flatMap {
            Verification(number: $0, generation: devices.head.position.generation)
        }
        let contact = Contact(
            name: try ContactName(try row.required("name")), devices: devices,
            verification: try StoredRow.demand(verification),
            isBlocked: try row.required("blocked"))
        return (contact, known.chain)
    }

    /// Somebody whom the user added; nil for nobody.
    init?(_ identity: IdentityID, in database: Database, _ chains: VerifiedChains) throws {
        let row = try database.first(
            "SELECT \(Self.columns) FROM contact WHERE identity = ?", [identity.stored])
        guard let row else { return nil }
        self = try Self.read(row, chains).contact
    }
}

extension Contact {
    /// Writes the contact, or the chain of one that is there. `chain` is whole and was verified.
    func insert(_ chain: DeviceChain, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO contact (identity, name, verification, blocked, added, chain)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (identity) DO UPDATE SET chain = excluded.chain
                """,
            arguments: [
                identity.stored, name.text, row.verification, isBlocked,
                SystemWallClock.now().secondsSince1970, Data(chain.encoded),
            ])
    }

    /// Keys shared with devices that do not speak for the contact any more open nothing, and go.
    /// - Returns: whether there were any.
    fileprivate func forgetEndedDevices(in database: Database) throws -> Bool {
        var isForgotten = false
        let prefix = StoredPairKey.prefix(of: identity)
        let names = try String.fetchAll(
            database, sql: "SELECT name FROM secret WHERE substr(name, 1, ?) = ?",
            arguments: [prefix.utf8.count, prefix])
        for name in names {
            let digits = name.dropFirst(prefix.count).prefix { $0 != " " }
            guard let value = Hash256(hexadecimal: digits), !devices.isActive(DeviceID(value))
            else { continue }
            try database.execute(sql: "DELETE FROM secret WHERE name = ?", arguments: [name])
            try database.execute(
                sql: "DELETE FROM introduced WHERE identity = ? AND device = ?",
                arguments: [identity.stored, Data(value.bytes)])
            isForgotten = true
        }
        return isForgotten
    }
}

import Foundation
import GRDB
import SealiftBase
import SealiftCrypto
public import SealiftPeople

/// The database of a backup, opened to be taken over. Everything in it is verified as in the store: a chain
/// that its root did not sign, or a contact that cannot be read, is an error.
public final class BackupDatabase: Sendable {
    /// Whose it is, with the devices of that day.
    public let identity: OwnIdentity
    /// How many contacts are in it.
    public let contactCount: Int
    let copy: BackupCopy
    let preface: BackupPreface

    /// Opens the database in `copy`, and brings it up to this version's schema.
    public init(_ copy: BackupCopy, _ preface: BackupPreface) throws(StoreFailure) {
        self.copy = copy
        self.preface = preface
        let queue: DatabaseQueue
        do {
            var configuration = Configuration()
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA trusted_schema = OFF")
                try database.execute(sql: "PRAGMA cell_size_check = ON")
            }
            queue = try DatabaseQueue(path: copy.path, configuration: configuration)
            guard try !queue.read(Schema.migrator.hasBeenSuperseded) else {
                throw StoreFailure.newerVersion
            }
            try Schema.migrator.migrate(queue)
        } catch {
            throw StoreFailure(error)
        }
        let store = Store(queue, in: copy.home)
        guard let identity = try store.identity(), identity.id == preface.identity else {
            throw .damaged("the backup does not hold the identity that it names")
        }
        self.identity = identity
        contactCount = try store.contacts().contacts.count
        do { try queue.close() } catch { throw StoreFailure(error) }
    }

    // MARK: Taking over

    /// Tables with a way of their own, or none, into the new home. Every other table is taken as it is.
    private static let special: Set<String> = [
        "log", "entry", "checkpoint", "receipt", "former_log", "former_entry", "former_checkpoint",
        "former_receipt", "identity", "vault", "secret", "introduced", "seen", "grdb_migrations",
    ]
    private static let schemaName = "backup"

    /// Runs `body` while `store`'s connection sees this database as `backup`.
    func attached<Value>(
        to store: Store, _ body: () throws(StoreFailure) -> Value
    ) throws(StoreFailure) -> Value {
        do {
            try store.queue.writeWithoutTransaction { database in
                try database.execute(
                    sql: "ATTACH DATABASE ? AS \(Self.schemaName)", arguments: [copy.path])
            }
        } catch {
            throw StoreFailure(error)
        }
        defer {
            try? store.queue.writeWithoutTransaction { database in
                try database.execute(sql: "DETACH DATABASE \(Self.schemaName)")
            }
        }
        return try body()
    }

    /// Takes contacts, receipts and logs over, within the transaction that makes the identity.
    func takeOver(in database: Database, at time: WallTime) throws {
        // Tables that name each other come in the order of their names.
        try database.execute(sql: "PRAGMA defer_foreign_keys = ON")
        let tables = try String.fetchAll(
            database,
            sql: "SELECT name FROM \(Self.schemaName).sqlite_schema WHERE type = 'table'")
        let known = Set(
            try String.fetchAll(
                database, sql: "SELECT name FROM main.sqlite_schema WHERE type = 'table'"))
        for table in tables.sorted()
        where known.contains(table) && !Self.special.contains(table) && !table.hasPrefix("sqlite_")
        {
            try copy(table, to: table, in: database)
        }
        for table in ["former_log", "former_entry", "former_checkpoint", "former_receipt"] {
            try copy(table, to: table, in: database)
        }
        try copy("receipt", to: "former_receipt", in: database)
        let keys = Data(preface.device.agreement + preface.device.signing)
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO main.former_log (id, keys, size, head, restored)
                SELECT id, ?, size, ?, ? FROM \(Self.schemaName).log WHERE device = ?
                """,
            arguments: [
                keys, preface.head.map { Data($0.encoded) }, time.secondsSince1970,
                Data(preface.device.id.value.bytes),
            ])
        guard database.changesCount == 1 else {
            throw StoreFailure.damaged("the log in the backup is another device's")
        }
        try database.execute(
            sql: """
                INSERT INTO main.former_entry
                SELECT log.id, position, time, event, peer, transfer, bytes
                FROM \(Self.schemaName).entry, \(Self.schemaName).log;
                INSERT INTO main.former_checkpoint
                SELECT log.id, checkpoint.size, leaf, bytes
                FROM \(Self.schemaName).checkpoint, \(Self.schemaName).log;
                """)
    }

    private func copy(_ table: String, to target: String, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO main.\(target.quotedDatabaseIdentifier)
                SELECT * FROM \(Self.schemaName).\(table.quotedDatabaseIdentifier)
                """)
    }
}

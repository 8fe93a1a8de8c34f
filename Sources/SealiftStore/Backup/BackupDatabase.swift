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
        let tables = try String.fetchAll(
            database,
            sql: "SELECT name FROM \(Self.schemaName).sqlite_schema WHERE type = 'table'")
        let known = Set(
            try String.fetchAll(
                database, sql: "SELECT name FROM main.sqlite_schema WHERE type = 'table'"))
        let plain = tables.filter {
            known.contains($0) && !Self.special.contains($0) && !$0.hasPrefix("sqlite_")
        }
        for table in try Self.referredToFirst(plain, in: database) {
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

    /// `tables`, each behind those that its rows refer to: a whole table copied later would not mend a
    /// reference, for SQLite counts what is missing row by row and copies such a table in one piece.
    private static func referredToFirst(
        _ tables: [String], in database: Database
    ) throws -> [String] {
        var left = Set(tables)
        var ordered: [String] = []
        while !left.isEmpty {
            let free = try left.sorted().filter { table in
                try database.foreignKeys(on: table).allSatisfy {
                    $0.destinationTable == table || !left.contains($0.destinationTable)
                }
            }
            // Of a circle no order helps.
            ordered += free.isEmpty ? left.sorted() : free
            left.subtract(free.isEmpty ? left : Set(free))
        }
        return ordered
    }

    private func copy(_ table: String, to target: String, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO main.\(target.quotedDatabaseIdentifier)
                SELECT * FROM \(Self.schemaName).\(table.quotedDatabaseIdentifier)
                """)
    }
}

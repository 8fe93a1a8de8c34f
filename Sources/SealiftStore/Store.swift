import Foundation
import GRDB
public import SealiftIO

/// What sealift remembers on this machine, in one SQLite database in its home folder
/// (`docs/PROTOCOL.md` §12.4).
///
/// Every change is one transaction that is on the disk when the call returns (WAL with
/// synchronous=FULL), so the database opens again whenever its process is killed. Processes take
/// turns; a reader sees one state. All calls block: they belong on a thread that may.
public final class Store: Sendable {
    /// The database's name in the home.
    static let fileName = "sealift.db"
    /// How long a call waits for another process: nobody holds the database for more than a moment.
    private static let patience = 10.0
    /// How long the emptying of the write-ahead log waits, in milliseconds.
    private static let shortPatience = 200

    /// The database's name, for who asks whether there is one.
    public static let recordName = fileName

    let home: Home
    let queue: DatabaseQueue
    /// The contacts' chains that were verified here.
    let chains = VerifiedChains()

    /// Opens the store in `home`: makes it where it is missing, and brings an older one up to date.
    public init(in home: Home) throws(StoreFailure) {
        self.home = home
        queue = try Self.locked(home) { () throws(StoreFailure) in
            try Self.open(home, migrator: Schema.migrator)
        }
    }

    /// A database that lies open already: one that a backup brought.
    init(_ queue: DatabaseQueue, in home: Home) {
        self.home = home
        self.queue = queue
    }

    /// Opens the database without taking the home's lock, with the schema that `migrator` leads to.
    static func open(
        _ home: Home, migrator: DatabaseMigrator
    ) throws(StoreFailure) -> DatabaseQueue {
        do {
            try create(home)
            let queue = try DatabaseQueue(
                path: home.pathThroughDescriptor(of: fileName), configuration: configuration)
            guard try !queue.read(migrator.hasBeenSuperseded) else {
                throw StoreFailure.newerVersion
            }
            try migrator.migrate(queue)
            return queue
        } catch {
            throw StoreFailure(error)
        }
    }

    /// Makes the database's file, where there is none: SQLite gives its other files the mode of this one.
    ///
    /// One that exists is never opened here. Closing any descriptor of a file drops the locks that this process
    /// has on it, those of SQLite's other connections too; another process would then take itself for the last
    /// one and remove the write-ahead log that we go on to write (https://www.sqlite.org/howtocorrupt.html §2.2).
    private static func create(_ home: Home) throws(SystemError) {
        guard try home.directory.statusIfPresent(of: Array(fileName.utf8)) == nil else { return }
        try home.directory.openFile(
            Array(fileName.utf8), for: .creatingExclusively(mode: 0o600)
        ).close()
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(patience)
        configuration.label = "sealift.store"
        configuration.prepareDatabase { database in
            // Not GRDB's own setting for WAL, which turns synchronous to NORMAL: a log entry must be
            // on the disk before what it tells of goes on.
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = FULL")
            // What is removed leaves no bytes behind.
            try database.execute(sql: "PRAGMA secure_delete = ON")
            try database.execute(sql: "PRAGMA trusted_schema = OFF")
        }
        return configuration
    }

    /// Copies the database into the new file at `path` (0600) as it is at one moment, while others go on
    /// using it.
    public func backUp(to directory: DirectoryHandle, as name: String) throws(StoreFailure) {
        do {
            let file = try directory.openFile(
                Array(name.utf8), for: .creatingExclusively(mode: 0o600))
            let copy = try DatabaseQueue(path: directory.pathThroughDescriptor(of: name))
            try queue.backup(to: copy)
            try copy.close()
            try file.sync()
            try directory.sync()
        } catch {
            throw StoreFailure(error)
        }
    }

    /// Takes everything in the write-ahead log into the database, and the log to nothing.
    ///
    /// Waits a moment for others only: a listing that somebody reads page by page reads from the log as long.
    /// - Returns: false where somebody reads the log, so that it stays.
    @discardableResult
    func emptyWriteAheadLog() -> Bool {
        let isEmpty: ()? = try? queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA busy_timeout = \(Self.shortPatience)")
            defer {
                try? database.execute(sql: "PRAGMA busy_timeout = \(Int(Self.patience * 1_000))")
            }
            _ = try database.checkpoint(.truncate)
        }
        return isEmpty != nil
    }

    // MARK: Access

    /// Reads one state.
    func read<Value>(_ body: (Database) throws -> Value) throws(StoreFailure) -> Value {
        do { return try queue.read(body) } catch { throw StoreFailure(error) }
    }

    /// Changes everything that `body` does, or nothing.
    func write<Value>(_ body: (Database) throws -> Value) throws(StoreFailure) -> Value {
        do { return try queue.write(body) } catch { throw StoreFailure(error) }
    }

    /// Runs `body` while this process holds the home's lock.
    static func locked<Value>(
        _ home: Home, _ body: () throws(StoreFailure) -> Value
    ) throws(StoreFailure) -> Value {
        let result: Result<Value, StoreFailure>
        do throws(SystemError) {
            result = try home.withLock { () throws(SystemError) in
                do throws(StoreFailure) { return .success(try body()) } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw .system(error)
        }
        return try result.get()
    }
}

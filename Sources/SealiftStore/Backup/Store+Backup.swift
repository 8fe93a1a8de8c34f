import GRDB
import SealiftBase
public import SealiftIO
public import SealiftPeople

// The database as a backup holds it (`docs/PROTOCOL.md` §11.12): everything but the secrets, which belong to
// this device and are of no use to another.

extension Store {
    /// The head that lies beside the database; nil where there is none.
    public func keptHead() throws(StoreFailure) -> LogCheckpoint? { try AuditLog.keptHead(self) }

    /// What begins the names of files that exist only while a backup is made or restored.
    static let temporaryPrefix = ".backup-"

    /// Copies the database as it is at one moment, while others go on using it, into a new file of the home
    /// (0600), and takes every secret out of the copy.
    /// - Returns: the copy; ``BackupCopy/remove()`` takes it away again.
    public func copyWithoutSecrets() throws(StoreFailure) -> BackupCopy {
        let copy = try BackupCopy(in: home)
        do throws(StoreFailure) {
            try backUp(to: home.directory, as: copy.name)
            do {
                var configuration = Configuration()
                configuration.prepareDatabase { database in
                    // One file and no other beside it; what is taken out is overwritten with zeros.
                    try database.execute(sql: "PRAGMA journal_mode = DELETE")
                    try database.execute(sql: "PRAGMA secure_delete = ON")
                    try database.execute(sql: "PRAGMA trusted_schema = OFF")
                }
                let queue = try DatabaseQueue(path: copy.path, configuration: configuration)
                try queue.write { try $0.execute(sql: "DELETE FROM secret; DELETE FROM vault") }
                try queue.close()
            } catch {
                throw StoreFailure(error)
            }
            return copy
        } catch {
            copy.remove()
            throw error
        }
    }
}

/// A database in a file of its own in the home, for the time in which a backup is made or restored. One at
/// a time: what a process left that was killed in between is removed by the next.
public final class BackupCopy: Sendable {
    let home: Home
    let name: String
    private let lock: Home.Lock

    /// Names a new file. It is not made yet.
    /// - Throws: ``StoreFailure/busy`` while another process makes or restores a backup.
    public init(in home: Home) throws(StoreFailure) {
        let lock: Home.Lock?
        do throws(SystemError) {
            lock = try home.tryLock("backup.lock")
            if lock != nil {
                for name in try home.records(prefix: Store.temporaryPrefix) {
                    try home.removeRecord(name)
                }
            }
            name = Store.temporaryPrefix + Hexadecimal.encode(try SystemEntropy.bytes(8))
        } catch {
            throw .system(error)
        }
        guard let lock else { throw .busy }
        self.home = home
        self.lock = lock
    }

    /// A path for a library that opens files by path.
    var path: String { home.pathThroughDescriptor(of: name) }

    /// Opens the file for reading.
    public func open() throws(SystemError) -> OpenFile {
        try home.directory.openFile(Array(name.utf8), for: .reading)
    }

    /// Makes the file (0600).
    public func create() throws(SystemError) -> OpenFile {
        try home.directory.openFile(Array(name.utf8), for: .creatingExclusively(mode: 0o600))
    }

    /// Removes the file, and what SQLite put beside it.
    public func remove() {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            try? home.directory.unlink(Array((name + suffix).utf8))
        }
    }
}

import GRDB
public import SealiftIO

/// Why the store did not do what was asked. What was there before stands.
public enum StoreFailure: Error, Equatable, Sendable {
    /// The volume or the quota is full.
    case full
    /// Another process held the database for longer than anybody should.
    case busy
    /// The folder or the database may not be written; with SQLite's words.
    case denied(String)
    /// The database is none, or was damaged; with what was found.
    case damaged(String)
    /// A newer sealift wrote the database.
    case newerVersion
    /// The log is not where it was: it has `found` entries, and had at least `expected`.
    case rolledBack(expected: UInt64, found: UInt64)
    /// The head beside the database is missing, or is another log's.
    case headMissing
    /// The log is another device's: its keys were replaced.
    case otherDevice
    /// A file of the home failed.
    case system(SystemError)
    /// Anything else that SQLite reports.
    case failed(String)

    /// SQLite's reason, in the terms that decide what the user can do.
    init(_ error: any Error) {
        switch error {
        case let failure as StoreFailure: self = failure
        case let error as SystemError: self = .system(error)
        case let error as DatabaseError:
            // Only SQLite's own words: never the statement's arguments.
            let words = error.message ?? "\(error.resultCode)"
            switch error.resultCode {
            // The second: no room for the memory that programs share about the database.
            case .SQLITE_FULL: self = .full
            case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE:
                self = .full
            case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy
            case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
                self = .denied(words)
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(words)
            default: self = .failed(words)
            }
        default: self = .failed("\(error)")
        }
    }
}

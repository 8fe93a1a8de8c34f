import CSealiftSys
import Glibc

/// The folder where this program keeps its own state: `SEALIFT_HOME`, for this user's eyes only.
///
/// Records are small files, each written whole: a reader sees the record before or the record
/// after, and never a part, also after a power loss.
public final class Home: Sendable {
    /// Why a home cannot be used.
    public enum Failure: Error, Equatable, Sendable {
        /// The folder belongs to another user.
        case ownedByAnother(path: String)
        /// Others may read it, write to it or pass it; the mode is what it has.
        case openToOthers(path: String, mode: UInt32)
        /// Neither `SEALIFT_HOME`, nor `XDG_DATA_HOME`, nor `HOME` says where it is.
        case nowhere
        /// The system refused a call.
        case system(SystemError)
    }

    /// The folder, held by descriptor.
    public let directory: DirectoryHandle

    private init(directory: DirectoryHandle) {
        self.directory = directory
    }

    /// Where the home lies: `$SEALIFT_HOME`, otherwise `$XDG_DATA_HOME/sealift`, otherwise
    /// `$HOME/.local/share/sealift` (XDG base directory specification).
    /// - Parameter environment: looks a variable up; empty counts as missing, and so does a
    ///   relative `XDG_DATA_HOME`, as the specification wants.
    public static func defaultPath(
        environment: (String) -> String?
    ) throws(Failure) -> [UInt8] {
        if let own = environment("SEALIFT_HOME"), !own.isEmpty { return Array(own.utf8) }
        if let data = environment("XDG_DATA_HOME"), data.hasPrefix("/") {
            return Array("\(data)/sealift".utf8)
        }
        guard let home = environment("HOME"), home.hasPrefix("/") else { throw .nowhere }
        return Array("\(home)/.local/share/sealift".utf8)
    }

    /// Opens the home at `path`, and makes it (0700) where it is missing.
    /// - Throws: ``Failure``: a folder that others own or may enter is refused, not repaired, since
    ///   what lies in it may be known or planted already.
    public static func open(path: [UInt8]) throws(Failure) -> Home {
        try open(path: path, user: sealift_user())
    }

    /// The same, for a stated user.
    static func open(path: [UInt8], user: UInt32) throws(Failure) -> Home {
        let directory: DirectoryHandle
        let status: FileStatus
        do throws(SystemError) {
            directory = try DirectoryHandle.openCreating(path: path, mode: 0o700)
            status = try directory.status()
        } catch {
            throw .system(error)
        }
        let printable = SystemError(code: EPERM, operation: "open", path: path).path ?? ""
        guard status.owner == user else { throw .ownedByAnother(path: printable) }
        guard status.mode & 0o077 == 0 else {
            throw .openToOthers(path: printable, mode: status.mode)
        }
        return Home(directory: directory)
    }

    /// The same home with `faults` in force.
    package func injecting(_ faults: FaultInjector) throws(SystemError) -> Home {
        Home(directory: try directory.injecting(faults))
    }

    /// A path of the record `name` for a library that opens files by path (SQLite): it leads through
    /// this folder's own descriptor, so it stays with the folder whatever happens to the folder's name.
    /// It holds as long as this home does.
    public func pathThroughDescriptor(of name: String) -> String {
        directory.pathThroughDescriptor(of: name)
    }

    // MARK: Lock

    /// A lock that is held until it is released or the process ends, however it ends.
    public final class Lock: Sendable {
        private let file: OpenFile

        init(_ file: OpenFile) {
            self.file = file
        }

        /// Gives the lock up now.
        public func release() throws(SystemError) { try file.close() }
    }

    /// Runs `body` while this process holds the home's one lock; waits for it where another has it.
    ///
    /// Held for the time of a few small records, never for a transfer.
    public func withLock<Value>(
        _ body: () throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        let file = try directory.openFile(
            Array("lock".utf8), for: .creatingOrUpdating(mode: 0o600))
        try file.lock()
        // The lock goes with the descriptor.
        defer { withExtendedLifetime(file) {} }
        return try body()
    }

    /// Takes the lock called `name`, a file of that name in the home (flock).
    /// - Returns: nil where another process, or another part of this one, holds it.
    public func tryLock(_ name: String) throws(SystemError) -> Lock? {
        try PathBytes.requireName(Array(name.utf8), "lock")
        let file = try directory.openFile(
            Array(name.utf8), for: .creatingOrUpdating(mode: 0o600))
        return try file.tryLock() ? Lock(file) : nil
    }
}

import Glibc
import SealiftBase

extension Home {
    /// Records being written carry this before their name; a listing leaves them out.
    private static let temporaryPrefix = ".new-"

    /// Reads the record called `name`.
    /// - Parameter limit: the most bytes it may have.
    /// - Returns: nil where there is none.
    /// - Throws: `EFBIG` for a longer one; `ELOOP` where a link took its name.
    public func readRecord(
        _ name: String, atMost limit: Int = 1 << 20
    ) throws(SystemError) -> [UInt8]? {
        try PathBytes.requireName(Array(name.utf8), "read record")
        do throws(SystemError) {
            return try directory.openFile(Array(name.utf8), for: .reading).readAll(atMost: limit)
        } catch  where error.isMissing {
            return nil
        }
    }

    /// Writes the record called `name` whole: into a new file (0600), to the disk, then over the
    /// name, then the directory to the disk. When this returns, the record survives power loss;
    /// when it throws, the record before stands.
    public func writeRecord(_ name: String, _ bytes: [UInt8]) throws(SystemError) {
        try writeRecord(name) { file throws(SystemError) in try file.write(bytes, at: 0) }
    }

    /// The same for a record too large for memory: `write` fills the new file.
    public func writeRecord(
        _ name: String, _ write: (OpenFile) throws(SystemError) -> Void
    ) throws(SystemError) {
        // A name of its own per write: two writers never share a file, and the last rename wins.
        let suffix = Hexadecimal.encode(try SystemEntropy.bytes(8))
        let temporary = Array((Self.temporaryPrefix + suffix).utf8)
        do throws(SystemError) {
            let file = try directory.openFile(temporary, for: .creatingExclusively(mode: 0o600))
            try write(file)
            try file.sync()
            try file.close()
            try directory.renameReplacing(
                temporary, toDirectory: directory, to: Array(name.utf8))
        } catch {
            try? directory.unlink(temporary)
            throw error
        }
        try directory.sync()
    }

    /// The names of the records that begin with `prefix`, sorted bytewise.
    public func records(prefix: String = "") throws(SystemError) -> [String] {
        try directory.entries().compactMap { bytes in
            guard let name = String(validating: bytes, as: UTF8.self) else { return nil }
            let isRecord = name.hasPrefix(prefix) && !name.hasPrefix(Self.temporaryPrefix)
            return isRecord ? name : nil
        }
    }

    /// Removes the record called `name`, for good when this returns.
    /// - Returns: whether there was one.
    @discardableResult
    public func removeRecord(_ name: String) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try directory.unlink(Array(name.utf8))
        } catch  where error.isMissing {
            return false
        }
        try directory.sync()
        return true
    }

    /// Removes what writers left behind that were killed in the middle. Only one who holds the
    /// home's lock may call this: a writer's file is taken from under it.
    public func removeUnfinishedRecords() throws(SystemError) {
        let prefix = Array(Self.temporaryPrefix.utf8)
        for name in try directory.entries() where name.starts(with: prefix) {
            do throws(SystemError) {
                try directory.unlink(name)
            } catch  where error.isMissing {}
        }
    }
}

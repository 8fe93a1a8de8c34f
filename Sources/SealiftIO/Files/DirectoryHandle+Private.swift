import CSealiftSys
import Glibc

extension DirectoryHandle {
    /// Opens the directory `name`, which is to be this user's own, and makes it (0700) where it is
    /// missing.
    ///
    /// Where others may write into this directory, one of them may have made `name` first, and could
    /// then change what is put into it between its proof and its publishing.
    /// - Throws: `EPERM` where it belongs to another user than this one and root; `ELOOP` or
    ///   `ENOTDIR` where it is a link or no directory.
    public func openPrivateDirectory(_ name: [UInt8]) throws(SystemError) -> DirectoryHandle {
        try openPrivateDirectory(name, user: sealift_user())
    }

    /// The same, for a stated user.
    func openPrivateDirectory(
        _ name: [UInt8], user: UInt32
    ) throws(SystemError) -> DirectoryHandle {
        do throws(SystemError) {
            try createDirectory(name, mode: 0o700)
        } catch  where error.isAlreadyThere {}
        let directory = try openDirectory(name)
        let owner = try directory.status().owner
        guard owner == user || owner == 0 else {
            throw SystemError(code: EPERM, operation: "use another user's directory", path: name)
        }
        return directory
    }
}

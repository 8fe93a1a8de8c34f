import CSealiftSys
import Glibc

extension DirectoryHandle {
    /// What became of a rename that must not replace anything.
    public enum RenameOutcome: Equatable, Sendable {
        /// The new name stands, the old one is gone.
        case renamed
        /// The new name exists already; nothing was changed.
        case alreadyExists
        /// The file system has no way to rename without the risk of replacing; nothing was changed.
        case unsupported
    }

    /// How a rename keeps from replacing.
    package enum RenameStrategy: Sendable {
        /// renameat2 with RENAME_NOREPLACE, and links where the file system lacks it.
        case automatic
        /// linkat, which never replaces, and then unlinkat.
        case linkThenUnlink
    }

    /// The status of the name at `path` beneath this directory; a link's is its own.
    /// - Throws: `ENOENT` where there is none; as ``openDirectory(_:)`` for the way to it.
    public func status(of path: [UInt8]) throws(SystemError) -> FileStatus {
        let (directory, name) = try openParent(of: path)
        var status = sealift_status()
        let number = directory.descriptor.number
        try checked(
            PathBytes.withTerminated(name) { sealift_path_status(number, $0, &status) }, "stat",
            path)
        return FileStatus(status)
    }

    /// The status of the name at `path`, or nil where there is none.
    public func statusIfPresent(of path: [UInt8]) throws(SystemError) -> FileStatus? {
        do throws(SystemError) { return try status(of: path) } catch  where error.isMissing {
            return nil
        }
    }

    /// Makes the directory `name`; `mode` is reduced by the process's mask.
    /// - Throws: `EEXIST` where the name exists, whatever it is.
    public func createDirectory(_ name: [UInt8], mode: UInt32 = 0o777) throws(SystemError) {
        try faults?.check(.createDirectory, path: name)
        try onName(name, "create directory") {
            sealift_path_make_directory($0, $1, mode & 0o777)
        }
        if let tape = faults?.tape {
            tape.note(
                .makeDirectory(
                    directory: try status().inode, name: name,
                    inode: try status(of: name).inode))
        }
    }

    /// Makes the symbolic link `name` that points to `target`, which is not looked at.
    /// - Throws: `EEXIST` where the name exists.
    public func createSymbolicLink(_ name: [UInt8], to target: [UInt8]) throws(SystemError) {
        guard !target.isEmpty, !target.contains(0) else {
            throw SystemError(code: EINVAL, operation: "create link", path: name)
        }
        try faults?.check(.createFile, path: name)
        try onName(name, "create link") { directory, name in
            PathBytes.withTerminated(target) { sealift_path_make_link(directory, name, $0) }
        }
    }

    /// Where the symbolic link `name` points, as it stands in the link.
    /// - Throws: `EINVAL` where the name is no link; `ENAMETOOLONG` beyond 4,096 bytes.
    public func readSymbolicLink(_ name: [UInt8]) throws(SystemError) -> [UInt8] {
        var target = [CChar](repeating: 0, count: 4_097)
        let count = try onName(name, "read link") {
            sealift_path_read_link($0, $1, &target, 4_097)
        }
        guard count <= 4_096 else {
            throw SystemError(code: ENAMETOOLONG, operation: "read link", path: name)
        }
        return target.prefix(Int(count)).map { UInt8(bitPattern: $0) }
    }

    /// Removes the file or link `name`.
    public func unlink(_ name: [UInt8]) throws(SystemError) {
        try onName(name, "remove") { sealift_path_remove_file($0, $1) }
        if let tape = faults?.tape {
            tape.note(.unlink(directory: try status().inode, name: name))
        }
    }

    /// Removes the empty directory `name`.
    /// - Throws: `ENOTEMPTY` where it is not empty.
    public func removeDirectory(_ name: [UInt8]) throws(SystemError) {
        try onName(name, "remove directory") { sealift_path_remove_directory($0, $1) }
    }

    /// Renames `name` to `newName` in `directory`, over whatever file stands there.
    ///
    /// For this program's own records only: what a user may own is never replaced.
    public func renameReplacing(
        _ name: [UInt8], toDirectory directory: DirectoryHandle, to newName: [UInt8]
    ) throws(SystemError) {
        try faults?.check(.rename, path: newName)
        try PathBytes.requireName(newName, "rename")
        let target = directory.descriptor.number
        try onName(name, "rename") { source, name in
            PathBytes.withTerminated(newName) { sealift_path_rename(source, name, target, $0) }
        }
        try recordRename(name, to: directory, newName)
    }

    /// Renames `name` to `newName` in `directory`, and never replaces what stands there.
    /// - Throws: the kernel's error, `EXDEV` where `directory` lies on another volume. When the way
    ///   by links fails at its last step, both names stand and name the same whole content.
    public func renameWithoutReplacing(
        _ name: [UInt8], toDirectory directory: DirectoryHandle, to newName: [UInt8]
    ) throws(SystemError) -> RenameOutcome {
        try renameWithoutReplacing(
            name, toDirectory: directory, to: newName, strategy: .automatic)
    }

    /// The same, by a stated strategy.
    package func renameWithoutReplacing(
        _ name: [UInt8], toDirectory directory: DirectoryHandle, to newName: [UInt8],
        strategy: RenameStrategy
    ) throws(SystemError) -> RenameOutcome {
        try faults?.check(.rename, path: newName)
        try PathBytes.requireName(name, "rename")
        try PathBytes.requireName(newName, "rename")
        let source = descriptor.number
        let target = directory.descriptor.number
        if strategy == .automatic {
            let result = PathBytes.withTerminated(name) { name in
                PathBytes.withTerminated(newName) {
                    sealift_path_rename_without_replacing(source, name, target, $0)
                }
            }
            switch result {
            case -EEXIST: return .alreadyExists
            case -EINVAL, -ENOSYS: break
            default:
                try checked(result, "rename", newName)
                try recordRename(name, to: directory, newName)
                return .renamed
            }
        }
        let result = PathBytes.withTerminated(name) { name in
            PathBytes.withTerminated(newName) { sealift_path_hard_link(source, name, target, $0) }
        }
        switch result {
        case -EEXIST: return .alreadyExists
        case -EPERM, -EOPNOTSUPP, -ENOSYS, -EMLINK: return .unsupported
        default: try checked(result, "link", newName)
        }
        try unlink(name)
        return .renamed
    }

    /// Exchanges `name` and `other` in `directory`: each then stands for what the other stood for. At
    /// no moment is one of the names missing.
    /// - Returns: false where the file system cannot exchange; nothing was changed then.
    /// - Throws: `ENOENT` where one of the names does not exist.
    public func exchange(
        _ name: [UInt8], withDirectory directory: DirectoryHandle, _ other: [UInt8]
    ) throws(SystemError) -> Bool {
        try faults?.check(.rename, path: other)
        try PathBytes.requireName(name, "exchange")
        try PathBytes.requireName(other, "exchange")
        let source = descriptor.number
        let target = directory.descriptor.number
        let result = PathBytes.withTerminated(name) { name in
            PathBytes.withTerminated(other) { sealift_path_exchange(source, name, target, $0) }
        }
        if result == -EINVAL || result == -ENOSYS { return false }
        try checked(result, "exchange", other)
        if let tape = faults?.tape {
            tape.note(
                .exchange(
                    from: try status().inode, name: name, to: try directory.status().inode,
                    other: other))
        }
        return true
    }

    /// Notes a rename where a test records changes.
    private func recordRename(
        _ name: [UInt8], to directory: DirectoryHandle, _ newName: [UInt8]
    ) throws(SystemError) {
        guard let tape = faults?.tape else { return }
        tape.note(
            .rename(
                from: try status().inode, name: name, to: try directory.status().inode,
                newName: newName))
    }

    @discardableResult
    private func onName<Result: SignedInteger>(
        _ name: [UInt8], _ operation: StaticString,
        _ call: (Int32, UnsafePointer<CChar>) -> Result
    ) throws(SystemError) -> Result {
        try PathBytes.requireName(name, operation)
        let number = descriptor.number
        let result = PathBytes.withTerminated(name) { name in
            retryingInterrupts { call(number, name) }
        }
        return try checked(result, operation, name)
    }
}

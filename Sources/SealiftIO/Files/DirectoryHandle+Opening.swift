import CSealiftSys
import Glibc

extension DirectoryHandle {
    /// What a file is opened for.
    public enum FileAccess: Sendable {
        /// Reading a file that exists.
        case reading
        /// Reading and writing a file that exists.
        case updating
        /// Making a new file, for reading and writing; `EEXIST` where the name exists, be it a
        /// link that points nowhere. `mode` is reduced by the process's mask.
        case creatingExclusively(mode: UInt32)
        /// Reading and writing, made where it is missing.
        case creatingOrUpdating(mode: UInt32)

        fileprivate var how: Int32 {
            let writing = sealift_open_read.rawValue | sealift_open_write.rawValue
            return switch self {
            case .reading: Int32(sealift_open_read.rawValue)
            case .updating: Int32(writing)
            case .creatingExclusively: Int32(writing | sealift_open_exclusive.rawValue)
            case .creatingOrUpdating: Int32(writing | sealift_open_create.rawValue)
            }
        }

        fileprivate var mode: UInt32 {
            switch self {
            case .reading, .updating: 0
            // Set-user-id and its like are never taken from anywhere.
            case .creatingExclusively(let mode), .creatingOrUpdating(let mode): mode & 0o777
            }
        }

        fileprivate var creates: Bool {
            switch self {
            case .reading, .updating: false
            case .creatingExclusively, .creatingOrUpdating: true
            }
        }
    }

    /// Opens the directory at `path` beneath this one.
    /// - Throws: `ELOOP` or `ENOTDIR` where a symbolic link stands anywhere on the way or at the
    ///   end; `EINVAL` for an absolute path, an empty component, `.` or `..`.
    public func openDirectory(_ path: [UInt8]) throws(SystemError) -> DirectoryHandle {
        let descriptor = try openBeneath(
            path, how: Int32(sealift_open_directory.rawValue), mode: 0, "open directory")
        return DirectoryHandle(descriptor, resolution: resolution, faults: faults)
    }

    /// Opens the regular file at `path` beneath this directory.
    /// - Throws: as ``openDirectory(_:)``; `EISDIR` for a directory, and `EINVAL` for a FIFO, a
    ///   socket or a device, on which it does not wait.
    public func openFile(
        _ path: [UInt8], for access: FileAccess
    ) throws(SystemError) -> OpenFile {
        if access.creates { try faults?.check(.createFile, path: path) }
        let descriptor = try openBeneath(path, how: access.how, mode: access.mode, "open")
        let file = OpenFile(descriptor, faults: faults)
        // What was just made is a regular file.
        if case .creatingExclusively = access, faults == nil { return file }
        switch try file.status().kind {
        case .file:
            if access.creates, let tape = faults?.tape, !path.contains(PathBytes.separator) {
                let isNew = if case .creatingExclusively = access { true } else { false }
                tape.note(
                    .openName(
                        directory: try self.status().inode, name: path,
                        inode: try file.status().inode, isNew: isNew))
            }
            return file
        case .directory: throw SystemError(code: EISDIR, operation: "open", path: path)
        default: throw SystemError(code: EINVAL, operation: "open (no regular file)", path: path)
        }
    }

    /// Splits `path` into the directory that holds its last name, opened, and that name: for the
    /// calls that take single names.
    public func openParent(
        of path: [UInt8]
    ) throws(SystemError) -> (directory: DirectoryHandle, name: [UInt8]) {
        try PathBytes.requireRelative(path, "open directory")
        let (parent, name) = PathBytes.splitLast(path)
        guard let parent else { return (self, name) }
        return (try openDirectory(parent), name)
    }

    private func openBeneath(
        _ path: [UInt8], how: Int32, mode: UInt32, _ operation: StaticString
    ) throws(SystemError) -> Descriptor {
        try PathBytes.requireRelative(path, operation)
        // The kernel takes paths below 4,096 bytes (PATH_MAX with its terminator).
        let isShort = path.count < Int(PATH_MAX)
        guard resolution == .byKernel, isShort else {
            return try openByComponent(path, how: how, mode: mode, operation)
        }
        // EAGAIN: a rename elsewhere in the tree crossed the walk (openat2(2)). After many in a
        // row the other way is taken, which no rename can hold up.
        for _ in 0..<64 {
            let number = descriptor.number
            let result = PathBytes.withTerminated(path) { path in
                retryingInterrupts { sealift_path_open_beneath(number, path, how, mode) }
            }
            if result != -EAGAIN { return Descriptor(try checked(result, operation, path)) }
        }
        return try openByComponent(path, how: how, mode: mode, operation)
    }

    /// One open per component, none of which may be a link. Nothing here can leave the anchor:
    /// there is no `..`, and each step starts from a descriptor.
    private func openByComponent(
        _ path: [UInt8], how: Int32, mode: UInt32, _ operation: StaticString
    ) throws(SystemError) -> Descriptor {
        var current = descriptor
        let components = PathBytes.components(path)
        for (index, name) in components.enumerated() {
            let isLast = index == components.count - 1
            let step = isLast ? how : Int32(sealift_open_directory.rawValue)
            let number = current.number
            let result = PathBytes.withTerminated(name) { name in
                retryingInterrupts { sealift_path_open_name(number, name, step, isLast ? mode : 0) }
            }
            current = Descriptor(try checked(result, operation, path))
        }
        return current
    }
}

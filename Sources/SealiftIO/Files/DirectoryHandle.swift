import CSealiftSys
import Glibc

/// A directory held by a descriptor: the anchor of every call on names.
///
/// The descriptor stays with its directory whatever happens to the path that led there, so that a
/// link swapped into a parent changes nothing (rsync CVE-2024-12747 and the 2026 series). What is
/// opened beneath follows no symbolic link, in no position: by openat2 with RESOLVE_BENEATH and
/// RESOLVE_NO_SYMLINKS, or, where the kernel lacks it, component by component with O_NOFOLLOW.
/// Calls that the kernel offers for single names only are offered for single names only here.
public final class DirectoryHandle: Sendable {
    /// How a path of several components is followed.
    package enum Resolution: Sendable {
        /// One call, checked by the kernel.
        case byKernel
        /// One open per component.
        case byComponent

        /// What this kernel can do: openat2 came with Linux 5.6, and some sandboxes refuse it.
        static let supported: Resolution = {
            let result = PathBytes.withTerminated([UInt8(ascii: ".")]) {
                sealift_path_open_beneath(
                    AT_FDCWD, $0, Int32(sealift_open_directory.rawValue), 0)
            }
            guard result >= 0 else {
                return result == -ENOSYS || result == -EPERM ? .byComponent : .byKernel
            }
            _ = sealift_file_close(result)
            return .byKernel
        }()
    }

    /// What to do with a symbolic link at the end of a path that the user gave.
    public enum FinalLink: Sendable {
        /// Go where it points.
        case followed
        /// Refuse it (`ENOTDIR`).
        case refused
    }

    let descriptor: Descriptor
    let resolution: Resolution
    let faults: FaultInjector?

    init(_ descriptor: Descriptor, resolution: Resolution, faults: FaultInjector?) {
        self.descriptor = descriptor
        self.resolution = resolution
        self.faults = faults
    }

    /// Opens the directory at `path`, which the user gave: links on the way are theirs, and are
    /// followed. Relative paths start at the working directory.
    /// - Throws: `ENOENT`, `ENOTDIR`, `EACCES`; `EINVAL` for an empty path or a zero byte in it.
    public static func open(
        path: [UInt8], finalLink: FinalLink = .followed
    ) throws(SystemError) -> DirectoryHandle {
        guard !path.isEmpty, !path.contains(0) else {
            throw SystemError(code: EINVAL, operation: "open directory", path: path)
        }
        let how = Int32(sealift_open_directory.rawValue)
        let number = PathBytes.withTerminated(path) { path in
            retryingInterrupts {
                finalLink == .followed
                    ? sealift_path_open(path, how, 0)
                    : sealift_path_open_name(AT_FDCWD, path, how, 0)
            }
        }
        let descriptor = Descriptor(try checked(number, "open directory", path))
        return DirectoryHandle(descriptor, resolution: .supported, faults: nil)
    }

    /// A path of `name` in this directory for a library that opens files by path: it leads through the
    /// descriptor (proc(5)), and holds as long as this handle does.
    public func pathThroughDescriptor(of name: String) -> String {
        "/proc/self/fd/\(descriptor.number)/\(name)"
    }

    /// Opens the directory at `path`, and makes it, with its missing parents, where it is missing.
    public static func openCreating(
        path: [UInt8], mode: UInt32 = 0o777
    ) throws(SystemError) -> DirectoryHandle {
        do throws(SystemError) {
            return try open(path: path)
        } catch  where error.isMissing {
            var trimmed = path
            while trimmed.count > 1, trimmed.last == PathBytes.separator { trimmed.removeLast() }
            let (parentPath, name) = PathBytes.splitLast(trimmed)
            let parent: DirectoryHandle
            switch parentPath {
            case nil: parent = try open(path: [UInt8(ascii: ".")])
            case []: parent = try open(path: [PathBytes.separator])
            case let path?: parent = try openCreating(path: path, mode: mode)
            }
            do throws(SystemError) {
                try parent.createDirectory(name, mode: mode)
            } catch  where error.isAlreadyThere {}
            return try open(path: path)
        }
    }

    /// This directory with names resolved in the stated way, for tests of the older one.
    package func resolving(_ resolution: Resolution) throws(SystemError) -> DirectoryHandle {
        DirectoryHandle(try duplicate(), resolution: resolution, faults: faults)
    }

    /// This directory with `faults` in force for it and for all that is opened beneath.
    package func injecting(_ faults: FaultInjector) throws(SystemError) -> DirectoryHandle {
        DirectoryHandle(try duplicate(), resolution: resolution, faults: faults)
    }

    private func duplicate() throws(SystemError) -> Descriptor {
        try reopen(Int32(sealift_open_directory.rawValue), "reopen directory")
    }

    /// Opens the directory itself anew, in another way.
    private func reopen(
        _ how: Int32, _ operation: StaticString
    ) throws(SystemError) -> Descriptor {
        let number = descriptor.number
        let result = PathBytes.withTerminated([UInt8(ascii: ".")]) { path in
            retryingInterrupts { sealift_path_open_name(number, path, how, 0) }
        }
        return Descriptor(try checked(result, operation))
    }

    // MARK: The directory itself

    /// The directory's own status.
    public func status() throws(SystemError) -> FileStatus {
        var status = sealift_status()
        try checked(sealift_descriptor_status(descriptor.number, &status), "fstat")
        return FileStatus(status)
    }

    /// The names in the directory, sorted bytewise, without `.` and `..`.
    /// - Throws: `EACCES` where the directory may be passed but not listed.
    public func entries() throws(SystemError) -> NameList {
        let listing = try reopen(Int32(sealift_open_listing.rawValue), "list directory")
        return try NameList(reading: listing)
    }

    /// Writes the directory's names to the disk (fsync): a rename or creation survives power loss
    /// from then on.
    public func sync() throws(SystemError) {
        try faults?.check(.sync)
        let listing = try reopen(Int32(sealift_open_listing.rawValue), "sync directory")
        try checked(retryingInterrupts { sealift_file_sync(listing.number) }, "sync directory")
    }

    /// Writes everything on this volume to the disk (syncfs).
    public func syncVolume() throws(SystemError) {
        try faults?.check(.sync)
        let listing = try reopen(Int32(sealift_open_listing.rawValue), "sync volume")
        try checked(retryingInterrupts { sealift_volume_sync(listing.number) }, "sync volume")
        faults?.tape?.note(.syncVolume)
    }

    /// What is left on the volume.
    public func freeSpace() throws(SystemError) -> FreeSpace {
        var volume = sealift_volume()
        try checked(sealift_volume_status(descriptor.number, &volume), "statvfs")
        return FreeSpace(bytes: volume.free_bytes, names: volume.free_names)
    }

    /// What is left on a volume.
    public struct FreeSpace: Equatable, Sendable {
        /// Bytes that this user may still write.
        public let bytes: UInt64
        /// Files that may still be created; 0 where the file system does not count them.
        public let names: UInt64
    }
}

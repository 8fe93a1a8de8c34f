import CSealiftSys
import Glibc

/// A time that the file system keeps.
public struct FileTime: Hashable, Comparable, Sendable {
    /// Whole seconds since 1970-01-01 UTC; negative before.
    public let seconds: Int64
    /// 0 to 999,999,999.
    public let nanoseconds: UInt32

    /// Makes a time.
    public init(seconds: Int64, nanoseconds: UInt32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Whether `left` lies before `right`.
    public static func < (left: FileTime, right: FileTime) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

/// What the file system tells about a file, a directory or a link, without opening it.
public struct FileStatus: Hashable, Sendable {
    /// What stands behind a name.
    public enum Kind: Hashable, Sendable {
        /// A regular file.
        case file
        /// A directory.
        case directory
        /// A symbolic link itself, wherever it points.
        case symbolicLink
        /// A FIFO, a socket, or a device.
        case special
    }

    /// What it is.
    public let kind: Kind
    /// Bytes of content; of a link: of its target.
    public let size: UInt64
    /// Disk blocks of 512 bytes in use, whatever the file system's own block size.
    public let blocks: UInt64
    /// When the content was last changed; programs can set it.
    public let modified: FileTime
    /// When content, name or mode was last changed; programs cannot set it.
    public let changed: FileTime
    /// The permission bits, with set-user-id, set-group-id and sticky: 0 to 0o7777.
    public let mode: UInt32
    /// The user it belongs to.
    public let owner: UInt32
    /// The volume; with ``inode`` it names the file as long as it exists.
    public let device: UInt64
    /// The file's number on its volume.
    public let inode: UInt64
    /// How many names the file has.
    public let links: UInt64

    init(_ status: sealift_status) {
        switch status.mode & UInt32(S_IFMT) {
        case UInt32(S_IFREG): kind = .file
        case UInt32(S_IFDIR): kind = .directory
        case UInt32(S_IFLNK): kind = .symbolicLink
        default: kind = .special
        }
        size = UInt64(max(0, status.size))
        blocks = UInt64(max(0, status.blocks))
        modified = FileTime(
            seconds: status.modified_seconds, nanoseconds: status.modified_nanoseconds)
        changed = FileTime(seconds: status.changed_seconds, nanoseconds: status.changed_nanoseconds)
        mode = status.mode & 0o7777
        owner = status.owner
        device = status.device
        inode = status.inode
        links = status.links
    }

    /// Whether its owner may execute it: the bit that travels.
    public var isExecutable: Bool { mode & 0o100 != 0 }

    /// Whether fewer blocks are in use than the size needs, so that looking for holes pays.
    public var mayHaveHoles: Bool {
        kind == .file && blocks < (size / 512) + (size % 512 == 0 ? 0 : 1)
    }

    /// Whether `later` still describes the same, untouched content: what a sender checks before it
    /// states a file's root, and what the hash cache is keyed by.
    public func describesSameContent(as later: FileStatus) -> Bool {
        kind == later.kind && device == later.device && inode == later.inode
            && size == later.size && modified == later.modified && changed == later.changed
    }
}

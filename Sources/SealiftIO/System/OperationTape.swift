import Synchronization

/// Every change to files and names, in order, so that a test can play them again up to a power cut
/// and leave out what was not synced. Attached like a ``FaultInjector``, by tests only.
package final class OperationTape: Sendable {
    /// One change. Files and directories are named by their inodes.
    package enum Operation: Sendable {
        /// A name for a file, which may have been there unless `isNew`: file systems give the inodes of
        /// files that are gone to new ones.
        case openName(directory: UInt64, name: [UInt8], inode: UInt64, isNew: Bool)
        /// A new directory.
        case makeDirectory(directory: UInt64, name: [UInt8], inode: UInt64)
        /// Bytes in a file.
        case write(inode: UInt64, offset: UInt64, bytes: [UInt8])
        /// A file cut or extended.
        case setSize(inode: UInt64, size: UInt64)
        /// A file's time.
        case setModified(inode: UInt64, FileTime)
        /// A name that moved, over what stood there or not.
        case rename(from: UInt64, name: [UInt8], to: UInt64, newName: [UInt8])
        /// Two names that changed places.
        case exchange(from: UInt64, name: [UInt8], to: UInt64, other: [UInt8])
        /// A name that is gone.
        case unlink(directory: UInt64, name: [UInt8])
        /// A file's content and size are on the disk.
        case syncFile(inode: UInt64)
        /// Everything is on the disk.
        case syncVolume
    }

    private let recorded = Mutex<[Operation]>([])

    /// Makes an empty tape.
    package init() {}

    /// What was recorded so far.
    package var operations: [Operation] { recorded.withLock { $0 } }

    func note(_ operation: Operation) { recorded.withLock { $0.append(operation) } }
}

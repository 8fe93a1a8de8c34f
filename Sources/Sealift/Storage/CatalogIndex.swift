import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer

/// Where each entry stands in the listing's spool, and which file it was when it was listed.
///
/// 48 bytes an entry in a spool file of its own, in listing order.
struct CatalogIndex: Sendable {
    /// What the index knows of one entry.
    struct Record: Equatable {
        static let byteCount = 48

        /// Where the entry begins in the listing.
        var offset: UInt64
        /// How many bytes it has there.
        var byteCount: UInt32
        /// The file's volume and number.
        var device: UInt64
        var inode: UInt64
        /// When anything about the file was last changed.
        var changeTime: ModificationTime

        var encoded: [UInt8] {
            var writer = ByteWriter(capacity: Self.byteCount)
            writer.write(offset)
            writer.write(byteCount)
            writer.write(changeTime.nanoseconds)
            writer.write(UInt64(bitPattern: changeTime.seconds))
            writer.write(device)
            writer.write(inode)
            writer.writeZeros(Self.byteCount - writer.count)
            return writer.bytes
        }

        init(offset: UInt64, byteCount: UInt32, status: FileStatus) {
            self.offset = offset
            self.byteCount = byteCount
            device = status.device
            inode = status.inode
            changeTime = ModificationTime(status.changed)
        }

        init(decoding bytes: UnsafeRawBufferPointer) throws(ByteReader.Failure) {
            var reader = ByteReader(bytes)
            offset = try reader.readUInt64()
            byteCount = try reader.readUInt32()
            let nanoseconds = try reader.readUInt32()
            let seconds = Int64(bitPattern: try reader.readUInt64())
            changeTime = ModificationTime(seconds: seconds, nanoseconds: nanoseconds) ?? .epoch
            device = try reader.readUInt64()
            inode = try reader.readUInt64()
        }

        /// The identity of the file that `entry` lists.
        func identity(of entry: FileEntry) -> FileIdentity {
            FileIdentity(
                device: device, inode: inode, size: entry.size,
                modificationTime: entry.modificationTime, changeTime: changeTime)
        }
    }

    let file: SpoolFile

    init(in directory: DirectoryHandle) throws(SystemError) {
        file = try SpoolFile(in: directory)
    }

    /// Writes encoded records from the one of entry number `first` (0 for the first entry) on.
    func write(_ records: [UInt8], from first: UInt64) throws(StorageFailure) {
        try file.write(records, at: first * UInt64(Record.byteCount))
    }

    /// The record of the entry with `index`, 1 for the first, through a window on ``file``.
    static func record(
        of index: FileIndex, in window: inout SpoolWindow
    ) throws(StorageFailure) -> Record? {
        try window.withBytes(
            count: Record.byteCount, at: (index.rawValue - 1) * UInt64(Record.byteCount)
        ) { try? Record(decoding: $0) } ?? nil
    }
}

extension ModificationTime {
    /// The file system's time.
    init(_ time: FileTime) {
        self = ModificationTime(seconds: time.seconds, nanoseconds: time.nanoseconds) ?? .epoch
    }
}

extension FileTime {
    /// A listing's time.
    init(_ time: ModificationTime) {
        self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
    }
}

extension FileIdentity {
    /// What the file system tells of a file now.
    init(_ status: FileStatus) {
        self.init(
            device: status.device, inode: status.inode, size: status.size,
            modificationTime: ModificationTime(status.modified),
            changeTime: ModificationTime(status.changed))
    }
}

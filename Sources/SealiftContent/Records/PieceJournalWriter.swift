public import SealiftBase

/// Decides what is written to a journal, where, and in which order around syncs; the caller does the
/// writing.
///
/// - A piece: its bytes are written, then ``record(_:hash:)``. No sync.
/// - Every 256 MiB or second: ``beginSync()``, sync the data, write the header that
///   ``completeSync(_:)`` gives, sync the journal. Pieces may be recorded meanwhile: they belong to
///   the next epoch.
/// - A piece whose bytes are to be overwritten, because its hash is not the one the sender states:
///   write ``erase(_:)`` and sync the journal *before* the bytes. Otherwise a power cut could keep
///   the new bytes and bring the old, trusted record back.
public struct PieceJournalWriter: Sendable {
    /// Bytes and where in the journal they go.
    public struct Write: Hashable, Sendable {
        /// Where the bytes go.
        public let offset: UInt64
        /// The bytes.
        public let bytes: [UInt8]
    }

    /// The epoch that a sync of the data covers.
    public struct Sync: Hashable, Sendable {
        fileprivate let epoch: UInt32
    }

    /// The header as it should stand on disk.
    public private(set) var header: PieceJournalHeader

    /// The epoch of the pieces recorded now.
    private var epoch: UInt32

    /// Begins the journal of a file of which nothing is there. Its first write is
    /// ``headerWrite``.
    public init(key: StagingKey, dataInode: UInt64, length: UInt64, boot: BootIdentity) {
        header = PieceJournalHeader(
            key: key, dataInode: dataInode, length: length, boot: boot, revision: 0, syncedEpoch: 0)
        epoch = 1
    }

    /// Goes on with the journal read by `reader`, in the run `boot` of the machine and for the data
    /// file with the inode `dataInode`.
    ///
    /// In the run of the machine that wrote it this changes nothing on disk. In another, every
    /// doubtful piece must first have been recorded again, or erased, and the journal synced:
    /// ``headerWrite`` then says that what is left is to be trusted.
    public init(resuming reader: PieceJournalReader, boot: BootIdentity, dataInode: UInt64) {
        let old = reader.header
        let isSame = old.boot == boot && old.dataInode == dataInode
        header = PieceJournalHeader(
            key: old.key, dataInode: dataInode, length: old.length, boot: boot,
            revision: isSame ? old.revision : old.revision &+ 1, syncedEpoch: old.syncedEpoch)
        // Later than every epoch on disk, so that nothing old is taken for covered by a new sync.
        epoch = Self.following(max(reader.highestEpoch, old.syncedEpoch))
    }

    /// The write that puts ``header`` on disk.
    public var headerWrite: Write { Write(offset: header.offset, bytes: header.encoded) }

    /// The write that says `piece` is proven, with `hash`.
    public func record(_ piece: PieceIndex, hash: Hash256) -> Write {
        Write(
            offset: PieceJournalFormat.offset(of: piece),
            bytes: PieceJournalRecord(hash: hash, epoch: epoch).encoded(for: piece, key: header.key)
        )
    }

    /// The write that says `piece` is not proven.
    public func erase(_ piece: PieceIndex) -> Write {
        Write(offset: PieceJournalFormat.offset(of: piece), bytes: PieceJournalRecord.erased)
    }

    /// Begins a sync of all pieces recorded so far. The data is to be synced next.
    public mutating func beginSync() -> Sync {
        defer { epoch = Self.following(epoch) }
        return Sync(epoch: epoch)
    }

    /// Ends a sync: the data was synced since `sync` began. The write returned is followed by a sync
    /// of the journal.
    public mutating func completeSync(_ sync: Sync) -> Write {
        header = PieceJournalHeader(
            key: header.key, dataInode: header.dataInode, length: header.length, boot: header.boot,
            revision: header.revision &+ 1, syncedEpoch: max(header.syncedEpoch, sync.epoch))
        return headerWrite
    }

    /// The epoch behind `epoch`; the last one follows itself (a sync every second gets there in 136
    /// years).
    private static func following(_ epoch: UInt32) -> UInt32 {
        epoch == .max ? epoch : epoch + 1
    }
}

public import SealiftBase
public import SealiftContent

/// Where a receiver's content lands: a private staging folder and the destination beside it.
///
/// Calls may block on disk, so they happen on a thread of their own (``ReceiverWorker``). Every
/// path is anchored at the destination's descriptor; nothing appears under its name before its
/// content is proven, and what exists is replaced only where a ``Placement`` says so.
public protocol ReceiverStore {
    /// Bytes free on the volume, for this user.
    mutating func freeSpace() throws(StorageFailure) -> UInt64

    /// Makes room for a listing of this length and root.
    mutating func prepareListing(_ listing: ContentID) throws(StorageFailure)

    /// Keeps bytes of the listing.
    mutating func writeListing(
        _ bytes: UnsafeRawBufferPointer, at offset: UInt64
    ) throws(StorageFailure)

    /// Reads bytes of the listing back; fewer than asked for at its end.
    mutating func readListing(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageFailure) -> Int

    /// What stands at an entry's destination now.
    mutating func destination(of entry: ListingEntry) throws(StorageFailure) -> DestinationState

    /// Whether nothing stands at `path`.
    mutating func isFree(_ path: EntryPath) throws(StorageFailure) -> Bool

    /// What staging holds of a file from an interrupted run.
    mutating func stagedContent(of entry: ListingEntry) throws(StorageFailure) -> StagedContent

    /// Makes a directory at its destination; one that is there already is fine.
    mutating func makeDirectory(_ entry: ListingEntry) throws(StorageFailure)

    /// Makes a symbolic link at its destination.
    /// - Throws: ``StorageFailure/Kind/exists`` where something is in its place.
    mutating func makeSymbolicLink(
        _ entry: ListingEntry, target: [UInt8], _ placement: Placement
    ) throws(StorageFailure)

    /// The root of a file that an interrupted run placed; its content is read where that alone can
    /// tell. Nil where it is not that file any more.
    mutating func placedRoot(of entry: ListingEntry) throws(StorageFailure) -> Hash256?

    /// Opens the staging of a file of more than one piece.
    /// - Returns: the pieces that an earlier run proved, as its journal tells.
    mutating func openStaging(
        _ file: FileIndex, entry: ListingEntry
    ) throws(StorageFailure) -> PieceHashes?

    /// The hash of a file of one piece that an earlier run staged whole; nil where there is none.
    mutating func stagedWhole(of entry: ListingEntry) throws(StorageFailure) -> Hash256?

    /// Takes the file that ``stagedWhole(of:)`` found as if ``stageWhole(_:entry:content:)`` had
    /// written it now.
    mutating func adoptWhole(_ file: FileIndex, entry: ListingEntry) throws(StorageFailure)

    /// Writes one piece of an open staging, then its journal record.
    mutating func writePiece(
        _ piece: PieceIndex, of file: FileIndex, content: UnsafeRawBufferPointer, hash: Hash256
    ) throws(StorageFailure)

    /// Strikes pieces from the journal of an open staging, for good when it returns.
    mutating func forgetPieces(_ pieces: [PieceIndex], of file: FileIndex) throws(StorageFailure)

    /// Stages a whole file of at most one piece.
    mutating func stageWhole(
        _ file: FileIndex, entry: ListingEntry, content: UnsafeRawBufferPointer
    ) throws(StorageFailure)

    /// Lets go of an open staging and keeps what it holds.
    mutating func closeStaging(_ file: FileIndex)

    /// Puts a proven file in line for its name. It appears with the next ``flush()``, which comes
    /// at the latest when ``needsFlush`` says so.
    mutating func publish(
        _ file: FileIndex, root: Hash256, _ placement: Placement
    ) throws(StorageFailure)

    /// Whether enough waits that the volume should be synced now.
    var needsFlush: Bool { get }

    /// Syncs the volume, then gives every file in line its name.
    /// - Returns: each file, with the failure where its name could not be given.
    mutating func flush() throws(StorageFailure) -> [(FileIndex, StorageFailure?)]

    /// Syncs the volume once more, so that every name given lasts.
    mutating func settle() throws(StorageFailure)

    /// Reads a bounded part of a placed file back from the disk, past the page cache.
    mutating func verify(
        _ entry: ListingEntry, number: UInt32
    ) throws(StorageFailure) -> DiskVerification

    /// Notes that the disk gave back something else than was written: the next run fetches the file
    /// again.
    mutating func refute(_ entry: ListingEntry, number: UInt32) throws(StorageFailure)

    /// Gives up what staging still holds of a file that is at its destination.
    mutating func discardStaging(of entry: ListingEntry) throws(StorageFailure)

    /// Keeps the root of a delivered file for the manifest.
    mutating func storeRoot(_ root: Hash256, of file: FileIndex) throws(StorageFailure)

    /// The root kept for a file, or nil.
    mutating func root(of file: FileIndex) throws(StorageFailure) -> Hash256?

    /// Takes note of one entry of the manifest, in listing order; `root` is a file's. An entry that
    /// is not behind the one before begins a new manifest.
    mutating func noteManifest(_ entry: ListingEntry, root: Hash256?) throws(StorageFailure)

    /// Removes the spooled listing and, where nothing is left in it, the staging folder.
    /// - Parameter isWhole: whether every file that was to come is placed: the records of what was
    ///   placed have served then, and later runs treat the files as anybody's.
    mutating func cleanUp(isWhole: Bool)
}

extension ReceiverStore {
    /// Nobody wants the manifest.
    public mutating func noteManifest(
        _ entry: ListingEntry, root: Hash256?
    ) throws(StorageFailure) {}
}

/// How the reading back of one file goes.
public enum DiskVerification: Equatable, Sendable {
    /// A part was read; ask again.
    case reading
    /// The content on disk has this root (zero for an empty file).
    case read(Hash256)
    /// The file is not there any more, or cannot be read.
    case unreadable
}

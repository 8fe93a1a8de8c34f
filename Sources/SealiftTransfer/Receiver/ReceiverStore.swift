public import SealiftBase
public import SealiftContent

/// Where a receiver's content lands: a private staging folder and the destination beside it.
///
/// Calls may block on disk, so they happen on a thread of their own (``ReceiverWorker``). Every
/// path is anchored at the destination's descriptor; nothing appears under its name before its
/// content is proven, and nothing that exists is ever replaced.
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

    /// Makes a directory at its destination; one that is there already is fine.
    mutating func makeDirectory(_ entry: ListingEntry) throws(StorageFailure)

    /// Makes a symbolic link at its destination.
    mutating func makeSymbolicLink(
        _ entry: ListingEntry, target: [UInt8]
    ) throws(StorageFailure)

    /// Opens the staging of a file of more than one piece.
    /// - Returns: the pieces that an earlier run proved, as its journal tells.
    mutating func openStaging(
        _ file: FileIndex, entry: ListingEntry
    ) throws(StorageFailure) -> PieceHashes?

    /// Writes one piece of an open staging, then its journal record.
    mutating func writePiece(
        _ piece: PieceIndex, of file: FileIndex, content: UnsafeRawBufferPointer, hash: Hash256
    ) throws(StorageFailure)

    /// Strikes a piece from the journal of an open staging.
    mutating func forgetPiece(_ piece: PieceIndex, of file: FileIndex) throws(StorageFailure)

    /// Stages a whole file of at most one piece.
    mutating func stageWhole(
        _ file: FileIndex, entry: ListingEntry, content: UnsafeRawBufferPointer
    ) throws(StorageFailure)

    /// Lets go of an open staging and keeps what it holds.
    mutating func closeStaging(_ file: FileIndex)

    /// Puts a proven file in line for its name. It appears with the next ``flush()``, which comes
    /// at the latest when ``needsFlush`` says so.
    mutating func publish(_ file: FileIndex) throws(StorageFailure)

    /// Whether enough waits that the volume should be synced now.
    var needsFlush: Bool { get }

    /// Syncs the volume, then gives every file in line its name.
    /// - Returns: each file, with the failure where its name could not be given.
    mutating func flush() throws(StorageFailure) -> [(FileIndex, StorageFailure?)]

    /// Keeps the root of a delivered file for the manifest.
    mutating func storeRoot(_ root: Hash256, of file: FileIndex) throws(StorageFailure)

    /// The root kept for a file, or nil.
    mutating func root(of file: FileIndex) throws(StorageFailure) -> Hash256?

    /// Takes note of one entry of the manifest, in listing order; `root` is a file's. An entry that
    /// is not behind the one before begins a new manifest.
    mutating func noteManifest(_ entry: ListingEntry, root: Hash256?) throws(StorageFailure)

    /// Removes the spooled listing and, where nothing is left in it, the staging folder.
    mutating func cleanUp()
}

extension ReceiverStore {
    /// Nobody wants the manifest.
    public mutating func noteManifest(
        _ entry: ListingEntry, root: Hash256?
    ) throws(StorageFailure) {}
}

/// What stands at a destination before anything is written.
public enum DestinationState: Equatable, Sendable {
    /// Nothing, or a directory where a directory is to be.
    case free
    /// Something that may not be replaced.
    case occupied
}

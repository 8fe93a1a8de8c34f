public import SealiftBase
public import SealiftContent

/// Where a sender's content lives: the spooled listing and the files it names.
///
/// Calls may block on disk, so they happen on a thread of their own (``SenderWorker``), never where
/// sockets are served. Every path is resolved anew, anchored at the directory the user named, and
/// checked against what was listed: what changed is reported, never sent as if it had not.
public protocol SenderSource {
    /// Length and root of the listing.
    var listing: ContentID { get }

    /// Reads bytes of the listing.
    /// - Throws: a ``StorageFailure`` where the spool cannot be read.
    mutating func readListing(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageFailure)

    /// The entry at `index`, 1 for the first; nil behind the last.
    /// - Throws: a ``StorageFailure`` where the spool cannot be read.
    mutating func entry(at index: FileIndex) throws(StorageFailure) -> ListingEntry?

    /// Reads one piece whole.
    /// - Throws: a ``SourceFailure``; the file is then finished for this session.
    mutating func read(
        _ piece: PieceIndex, of file: FileIndex, entry: ListingEntry,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(SourceFailure)

    /// Looks whether the file is still what was listed: length, modification time, identity.
    /// - Throws: a ``SourceFailure`` where it is not.
    mutating func confirmUnchanged(_ file: FileIndex, entry: ListingEntry) throws(SourceFailure)

    /// Lets go of a file's descriptor.
    mutating func close(_ file: FileIndex)

    /// Piece hashes of this very file from an earlier run, or nil.
    mutating func rememberedHashes(of file: FileIndex, entry: ListingEntry) -> PieceHashes?

    /// Keeps the hashes of a file that was read whole.
    mutating func remember(_ hashes: PieceHashes, of file: FileIndex, entry: ListingEntry)

    /// Keeps the root of a file for the manifest.
    /// - Throws: a ``StorageFailure`` where it cannot be kept.
    mutating func storeRoot(_ root: Hash256, of file: FileIndex) throws(StorageFailure)

    /// The root kept for a file, or nil.
    mutating func root(of file: FileIndex) throws(StorageFailure) -> Hash256?

    /// Takes note of one entry of the manifest, in listing order; `root` is a file's. An entry that
    /// is not behind the one before begins a new manifest.
    /// - Throws: a ``StorageFailure`` where it cannot be kept.
    mutating func noteManifest(_ entry: ListingEntry, root: Hash256?) throws(StorageFailure)
}

extension SenderSource {
    /// Nobody wants the manifest.
    public mutating func noteManifest(
        _ entry: ListingEntry, root: Hash256?
    ) throws(StorageFailure) {}
}

/// Why a piece could not be read.
public enum SourceFailure: Error, Equatable, Sendable {
    /// This file is lost for the session; others go on.
    case file(FileFailure)
    /// The listing's own spool is lost; the session ends.
    case spool(StorageFailure)
}

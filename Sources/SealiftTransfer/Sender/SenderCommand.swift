public import SealiftBase
public import SealiftContent
public import SealiftTransport

/// Work for the thread that reads and hashes.
public enum SenderCommand: Equatable, Sendable {
    /// Read a run of pieces and hand out each as an object.
    case request(PieceRequest)
    /// Read so many pieces of the listing, from the first on, before anything else.
    case listingAhead(pieces: UInt64)
    /// State hashes, reading what is not known; never before the pieces that wait.
    case hashes(HashRequest)
    /// Compute the manifest root over everything but `skipped` and what failed.
    case manifest(skipped: IntervalSet)
}

/// What that thread found.
public enum SenderOutput: Sendable {
    /// An object is ready to be sent; `contentBytes` of it are content of files: none of a listing.
    case object(ObjectID, ObjectBuffer, contentBytes: Int)
    /// The object of the listing's next piece, which nobody had to ask for.
    case listingAhead(ObjectBuffer)
    /// These objects are pieces of zeros.
    case zero(first: ObjectID, count: UInt64)
    /// So many requested objects will not come: their file failed.
    case withdrawn(count: UInt64)
    /// A file of more than one piece is whole and unchanged.
    case fileRoot(FileIndex, Hash256)
    /// A file is whole: for the user's eyes. `isServed` where a piece of it was handed out.
    case fileRead(FileIndex, path: EntryPath, content: ContentID, isServed: Bool)
    /// A file cannot be delivered.
    case fileFailed(FileIndex, path: EntryPath, FileFailure)
    /// The manifest is known.
    case manifest(Completion)
    /// The receiver asked for what does not exist.
    case violation(TransferViolation)
    /// The spool on this machine cannot be read.
    case failed(StorageFailure)
}

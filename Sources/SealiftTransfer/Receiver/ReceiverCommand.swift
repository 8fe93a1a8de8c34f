public import SealiftBase
public import SealiftContent

/// Work for the thread that proves and writes.
public enum ReceiverCommand: Sendable {
    /// Make room for the listing.
    case beginListing(Offer)
    /// Prove and keep one piece of the listing.
    case storeListing(PieceIndex, ObjectBuffer)
    /// Plan what to ask for next; answered by at most one run, or the end of the plan.
    case plan
    /// Prove and write one piece.
    case store(FileIndex, PieceIndex, ObjectBuffer)
    /// This requested piece is all zeros.
    case storeZero(FileIndex, PieceIndex)
    /// The hashes that the sender states for pieces an earlier run proved.
    case compareHashes(FileIndex, firstPiece: PieceIndex, ObjectBuffer)
    /// The sender states a file's root.
    case fileRoot(FileIndex, Hash256)
    /// The sender cannot deliver a file.
    case fileFailed(FileIndex, FileFailure)
    /// Nothing is on its way any more: give every proven file its name and compute the manifest.
    case finish
    /// The session is lost or over: keep what is proven, let go of everything.
    case abandon
}

/// What that thread found.
public enum ReceiverOutput: Sendable {
    /// The listing is proven, obeys every rule, and its totals are those offered.
    case listingReady(ListingSummary)
    /// What to ask for next.
    case planned(PlannedRun)
    /// Everything was planned.
    case planExhausted
    /// A piece is proven and written. `reused` where an earlier run had proven it.
    case proven(FileIndex, PieceIndex, bytes: UInt64, reused: Bool)
    /// A piece arrived that nobody waits for any more.
    case discarded(bytes: UInt64)
    /// The sender states another hash for a piece that an earlier run proved: it must come again.
    case outdated(bytes: UInt64)
    /// A piece's bytes are not what its hash says.
    case pieceRefuted(FileIndex, PieceIndex)
    /// A file is at its destination, or will not be.
    case fileDone(FileIndex, path: EntryPath, content: ContentID, FileResult)
    /// Every file has its name.
    case finished(Completion)
    /// The listing breaks a rule.
    case violation(TransferViolation)
    /// Storage on this machine failed.
    case failed(StorageFailure)
}

/// How a file ended at the receiver.
public enum FileResult: Equatable, Sendable {
    /// At its destination, proven.
    case delivered
    /// The sender could not deliver it.
    case failedAtSender(FileFailure)
    /// The root that the sender stated is not the root of the pieces it sent.
    case rootRefuted
    /// Its name could not be given; the content stays in staging.
    case unplaced(StorageFailure)
}

/// What is about to come, as read from the proven listing.
public struct ListingSummary: Equatable, Sendable {
    /// The totals.
    public var totals: ListingTotals
    /// Bytes free at the destination.
    public var freeSpace: UInt64
    /// The first destinations that are occupied, at most ``maximumConflictsKept``.
    public var conflicts: [EntryPath]
    /// How many destinations are occupied.
    public var conflictCount: UInt64

    /// How many conflicts are kept by name.
    public static let maximumConflictsKept = 20
}

/// A run of pieces in listing order, ready to be requested.
public struct PlannedRun: Equatable, Sendable {
    /// One piece of a run.
    public struct Piece: Equatable, Sendable {
        /// Its file.
        public var file: FileIndex
        /// Its place in the file.
        public var piece: PieceIndex
        /// Its content's length in bytes.
        public var length: Int
    }

    /// What is asked for.
    public enum Subject: Equatable, Sendable {
        /// The pieces themselves; never empty.
        case pieces([Piece])
        /// The hashes of pieces that an earlier run proved.
        case hashes(FileIndex, firstPiece: PieceIndex, count: UInt64)
    }

    /// What is asked for.
    public var subject: Subject
}

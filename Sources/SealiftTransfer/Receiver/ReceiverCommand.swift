public import SealiftBase
public import SealiftContent

/// Work for the thread that proves and writes.
public enum ReceiverCommand: Sendable {
    /// Make room for the listing.
    case beginListing(Offer)
    /// Prove and keep one piece of the listing.
    case storeListing(PieceIndex, ObjectBuffer)
    /// Plan what to ask for next; answered by at most one run of each wanted sort, and then by
    /// ``ReceiverOutput/planAnswered(_:)``.
    case plan(PlanWish)
    /// Prove and write one piece.
    case store(FileIndex, PieceIndex, ObjectBuffer)
    /// This requested piece is all zeros.
    case storeZero(FileIndex, PieceIndex)
    /// The hashes that the sender states for content that an earlier run proved.
    case compareHashes(FileIndex, firstPiece: PieceIndex, ObjectBuffer)
    /// The sender states a file's root.
    case fileRoot(FileIndex, Hash256)
    /// The sender cannot deliver a file.
    case fileFailed(FileIndex, FileFailure)
    /// Nothing is on its way any more: give every proven file its name and compute the manifest.
    /// Answered by ``ReceiverOutput/finishing`` while more is to do.
    case finish
    /// Both ends agree on the whole: tidy up.
    case conclude
    /// The session is lost or over: keep what is proven, let go of everything.
    case abandon
}

/// Which runs are wanted.
public struct PlanWish: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// Runs of pieces.
    public static let pieces = PlanWish(rawValue: 1)
    /// Runs of hashes, which confirm what an earlier run proved.
    public static let hashes = PlanWish(rawValue: 2)

    /// Makes a wish of its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
}

/// How planning goes on.
public struct PlanAnswer: Equatable, Sendable {
    /// What there is to say about pieces.
    public enum Pieces: Equatable, Sendable {
        /// Asking again at once may give more.
        case more
        /// The listing is not planned to its end, but hashes have to be asked for first.
        case held
        /// None are left, unless a comparison of hashes brings some back.
        case none
    }

    /// The pieces.
    public var pieces: Pieces
    /// Whether hashes are left to ask for, of what was planned so far.
    public var hasHashes: Bool
}

/// What that thread found.
public enum ReceiverOutput: Sendable {
    /// The listing is proven, obeys every rule, and its totals are those offered.
    case listingReady(ListingSummary)
    /// What to ask for next.
    case planned(PlannedRun)
    /// A ``ReceiverCommand/plan(_:)`` is answered.
    case planAnswered(PlanAnswer)
    /// A piece is proven and written.
    case proven(FileIndex, PieceIndex, bytes: UInt64)
    /// A ``ReceiverCommand/compareHashes(_:firstPiece:_:)`` is done.
    case compared
    /// Content that an earlier run had proven is what the sender has.
    case reused(FileIndex, bytes: UInt64)
    /// A piece arrived that nobody waits for any more.
    case discarded(bytes: UInt64)
    /// The sender states another hash for content that an earlier run proved: it must come again.
    case outdated(bytes: UInt64)
    /// A piece's bytes are not what its hash says.
    case pieceRefuted(FileIndex, PieceIndex)
    /// A file is at its destination, or will not be.
    case fileDone(FileIndex, path: EntryPath, content: ContentID, FileResult)
    /// Finishing goes on: ask again.
    case finishing
    /// Every file has its name; `skipped` are the entries that were left out on this side.
    case finished(Completion, skipped: IntervalSet)
    /// The listing breaks a rule.
    case violation(TransferViolation)
    /// Storage on this machine failed.
    case failed(StorageFailure)
}

/// Why an entry was left out on purpose.
public enum SkipReason: Equatable, Sendable {
    /// The user did not select it.
    case notSelected
    /// Its name is taken, and the user said to skip such files.
    case exists
}

/// How a file ended at the receiver.
public enum FileResult: Equatable, Sendable {
    /// At its destination, proven.
    case delivered
    /// At its destination, proven, under this name: its own was taken.
    case deliveredAs(EntryPath)
    /// The sender could not deliver it.
    case failedAtSender(FileFailure)
    /// The root that the sender stated is not the root of the pieces it sent.
    case rootRefuted
    /// Its name could not be given; the content stays in staging.
    case unplaced(StorageFailure)
    /// An interrupted run had placed it, and the sender still has this content.
    case alreadyPlaced
    /// Left out on purpose.
    case skipped(SkipReason)
    /// Placed, but the disk gave back something else than was written.
    case diskRefuted

    /// Whether the file is at its destination, proven.
    public var isAtDestination: Bool {
        switch self {
        case .delivered, .deliveredAs, .alreadyPlaced: true
        case .failedAtSender, .rootRefuted, .unplaced, .skipped, .diskRefuted: false
        }
    }
}

/// What is about to come, as read from the proven listing.
public struct ListingSummary: Equatable, Sendable {
    /// The totals.
    public var totals: ListingTotals
    /// Bytes free at the destination.
    public var freeSpace: UInt64
    /// The first destinations that stand in the way, at most ``maximumConflictsKept``.
    public var conflicts: [EntryPath]
    /// How many destinations stand in the way: nothing can be received then.
    public var conflictCount: UInt64
    /// Files that will be taken, those that are placed already included.
    public var takenFiles: UInt64 = 0
    /// The sizes of those files together.
    public var takenBytes: UInt64 = 0
    /// Bytes of disk space that are needed: holes, and what staging takes already, not counted.
    public var neededBytes: UInt64 = 0
    /// Bytes that an earlier run proved, if the sender still has them.
    public var reusableBytes: UInt64 = 0
    /// Files left out because the user did not select them.
    public var unselectedFiles: UInt64 = 0
    /// Files left out because their name is taken.
    public var skippedFiles: UInt64 = 0
    /// Files that get a number in their name because it is taken.
    public var renamedFiles: UInt64 = 0
    /// Files that replace what is there.
    public var overwrittenFiles: UInt64 = 0
    /// Whether what is left out lies in more separate runs than a sender can be told.
    public var isTooScattered = false

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

/// What a sender offers, for the question whether to take it.
public struct OfferSummary: Sendable {
    /// Entries of every kind.
    public var entries: UInt64
    /// Regular files among them.
    public var files: UInt64
    /// The sizes of the files together.
    public var bytes: UInt64
    /// Bytes that take space: `bytes` less holes.
    public var dataBytes: UInt64
    /// Bytes already here from an earlier run, proven.
    public var reusableBytes: UInt64
    /// Where it would land, as the bytes of a path.
    public var output: [UInt8]
    /// Free space there in bytes, or nil where it cannot be told.
    public var freeSpace: UInt64?
    /// Whether this device accepted this very offer in an earlier run.
    public var isContinued: Bool
    /// What will be taken of it, and how, as decided over the whole listing.
    public var plan: ReceptionPlan
    /// Calls its argument with each entry in listing order until the answer is ``Step/stop``.
    ///
    /// - Throws: what kept the entries from being read.
    public var forEachEntry: @Sendable ((OfferEntry) -> Step) throws(SealiftError) -> Void

    /// Whether to go on to the next entry.
    public enum Step: Sendable {
        /// The next entry, please.
        case next
        /// That is enough.
        case stop
    }

    /// Makes a summary.
    public init(
        entries: UInt64, files: UInt64, bytes: UInt64, dataBytes: UInt64, reusableBytes: UInt64 = 0,
        output: [UInt8], freeSpace: UInt64?, isContinued: Bool = false,
        plan: ReceptionPlan? = nil,
        forEachEntry: @escaping @Sendable ((OfferEntry) -> Step) throws(SealiftError) -> Void
    ) {
        self.entries = entries
        self.files = files
        self.bytes = bytes
        self.dataBytes = dataBytes
        self.reusableBytes = reusableBytes
        self.output = output
        self.freeSpace = freeSpace
        self.isContinued = isContinued
        self.plan = plan ?? ReceptionPlan(takenFiles: files, takenBytes: bytes)
        self.forEachEntry = forEachEntry
    }
}

/// What a receiver will take of an offer, and how: decided by its options and by what is on its disk.
public struct ReceptionPlan: Equatable, Sendable {
    /// Files that will be taken.
    public var takenFiles: UInt64
    /// Their sizes together.
    public var takenBytes: UInt64
    /// Files left out because they were not selected.
    public var unselectedFiles: UInt64
    /// Files left out because their name is taken.
    public var skippedFiles: UInt64
    /// Files that get a number into their name.
    public var renamedFiles: UInt64
    /// Files that replace what is there.
    public var overwrittenFiles: UInt64
    /// Names that are taken and stand in the way: nothing can be received then.
    public var conflicts: UInt64

    /// Makes a plan.
    public init(
        takenFiles: UInt64, takenBytes: UInt64, unselectedFiles: UInt64 = 0,
        skippedFiles: UInt64 = 0, renamedFiles: UInt64 = 0, overwrittenFiles: UInt64 = 0,
        conflicts: UInt64 = 0
    ) {
        self.takenFiles = takenFiles
        self.takenBytes = takenBytes
        self.unselectedFiles = unselectedFiles
        self.skippedFiles = skippedFiles
        self.renamedFiles = renamedFiles
        self.overwrittenFiles = overwrittenFiles
        self.conflicts = conflicts
    }
}

/// One entry of an offer.
public struct OfferEntry: Equatable, Sendable {
    /// What an entry is.
    public enum Kind: Equatable, Sendable {
        /// A regular file of `size` bytes.
        case file(size: UInt64, isExecutable: Bool)
        /// A directory.
        case directory
        /// A symbolic link, with its target as bytes.
        case symbolicLink(target: [UInt8])
    }

    /// The path within the transfer, as bytes; chosen by the sender, so it is escaped when shown.
    public var path: [UInt8]
    /// What it is.
    public var kind: Kind

    /// Makes an entry.
    public init(path: [UInt8], kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

/// The answer to an offer.
public enum Decision: Equatable, Sendable {
    /// Take it: this device claims the ticket.
    case accept
    /// Leave it: nothing is claimed, and the run ends with ``ErrorCode/declined``.
    case decline
}

public import SealiftContent

/// What the user decided before anything is offered: which part to take, and what to do where a name
/// is taken.
public struct ReceiverChoices: Equatable, Sendable {
    /// What to do where something stands at a file's or link's name that this transfer did not put
    /// there.
    public enum OnConflict: String, Sendable, CaseIterable {
        /// Nothing is received.
        case fail
        /// What is there stays, and the entry is left out.
        case skip
        /// What is there stays, and the entry gets a number in its name (``NumberedName``).
        case rename
        /// What is there is replaced, by the same kind only.
        case overwrite
    }

    /// What to do where a name is taken.
    public var onConflict: OnConflict
    /// Which part of the listing to take.
    public var selection: EntrySelection
    /// Whether every file is read back from the disk before the whole is confirmed.
    public var verifiesDisk: Bool

    /// Makes choices: everything, and nothing that exists is touched, unless said otherwise.
    public init(
        onConflict: OnConflict = .fail, selection: EntrySelection = .everything,
        verifiesDisk: Bool = false
    ) {
        self.onConflict = onConflict
        self.selection = selection
        self.verifiesDisk = verifiesDisk
    }
}

/// How a proven file or link gets its name.
public struct Placement: Equatable, Sendable {
    /// What may be replaced by it.
    public enum Replacement: Equatable, Sendable {
        /// Nothing.
        case nothing
        /// The file that this transfer placed there from older content, untouched since.
        case ownOlderFile
        /// Whatever is there of the same kind: the user said so.
        case anythingAlike
    }

    /// The number in its name, 0 for the name as listed (``NumberedName``).
    public var number: UInt32
    /// What may be replaced.
    public var replaces: Replacement

    /// The listed name, where nothing stands.
    public static let fresh = Placement(number: 0, replaces: .nothing)

    /// Makes a placement.
    public init(number: UInt32, replaces: Replacement) {
        self.number = number
        self.replaces = replaces
    }
}

/// What stands at a destination before anything is written.
public enum DestinationState: Equatable, Sendable {
    /// Nothing, or a directory where a directory is to be.
    case free
    /// What is to be placed: an interrupted run put this file there and nobody changed it since, or
    /// it is a link that points where the listed one does.
    case placed(number: UInt32)
    /// A file that an interrupted run put there, untouched since, from older content.
    case outdated(number: UInt32)
    /// Something else of the same kind.
    case occupied
    /// Something of another kind, or something that is no directory on the way to it.
    case obstructed
}

/// What staging holds of a file from an interrupted run.
public struct StagedContent: Equatable, Sendable {
    /// Bytes of disk space it takes already.
    public var allocatedBytes: UInt64
    /// Bytes of content that were proven.
    public var provenBytes: UInt64

    /// Nothing.
    public static let none = StagedContent(allocatedBytes: 0, provenBytes: 0)

    /// Makes a statement.
    public init(allocatedBytes: UInt64, provenBytes: UInt64) {
        self.allocatedBytes = allocatedBytes
        self.provenBytes = provenBytes
    }
}

/// One entry of a listing: where it goes and what it is (PROTOCOL §8.2).
public struct ListingEntry: Hashable, Sendable {
    /// What an entry is.
    public enum Kind: Hashable, Sendable {
        /// A regular file.
        case file(FileEntry)
        /// A directory.
        case directory
        /// A symbolic link.
        case symbolicLink(LinkTarget)
    }

    /// Where the entry goes, from the top of what is sent.
    public let path: EntryPath

    /// What the entry is.
    public let kind: Kind

    /// Puts the two parts together.
    public init(path: EntryPath, kind: Kind) {
        self.path = path
        self.kind = kind
    }

    /// What the entry is, without its details.
    public var entryKind: EntryKind {
        switch kind {
        case .file: .file
        case .directory: .directory
        case .symbolicLink: .symbolicLink
        }
    }

    /// The file's details; nil for a directory or link.
    public var file: FileEntry? {
        if case .file(let file) = kind { file } else { nil }
    }

    /// Which pieces the entry has: none unless it is a file with at least one byte.
    public var pieceLayout: PieceLayout { file?.pieceLayout ?? .empty }
}

/// What a listing says of a regular file.
public struct FileEntry: Hashable, Sendable {
    /// The largest file: 2^56 bytes.
    public static let maximumSize: UInt64 = 1 << 56

    /// Which pieces the file has: its size and its holes.
    public let pieceLayout: PieceLayout

    /// When the file was last changed.
    public let modificationTime: ModificationTime

    /// Whether its owner may execute it.
    public let isExecutable: Bool

    /// Puts the parts together.
    /// - Precondition: `size` is at most ``maximumSize``, and the holes lie within it.
    public init(
        size: UInt64, modificationTime: ModificationTime, isExecutable: Bool = false,
        holes: HoleRuns = .none
    ) {
        precondition(size <= Self.maximumSize, "a file has at most 2^56 bytes")
        self.pieceLayout = PieceLayout(length: size, holes: holes)
        self.modificationTime = modificationTime
        self.isExecutable = isExecutable
    }

    /// Bytes of the file.
    public var size: UInt64 { pieceLayout.length }

    /// Runs of whole pieces that are zeros.
    public var holes: HoleRuns { pieceLayout.holes }
}

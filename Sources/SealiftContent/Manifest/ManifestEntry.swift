public import SealiftBase

/// One record of a manifest (PROTOCOL §8.3): a name, what it is, and what it holds.
public struct ManifestEntry: Equatable, Sendable {
    /// The path within the transfer.
    public let path: EntryPath
    /// What it is.
    public let kind: EntryKind
    /// Whether it is a file that may be executed.
    public let isExecutable: Bool
    /// A file's length and tree root (zero when empty), a link's target's; for a directory both zero.
    public let content: ContentID

    /// Makes a record.
    public init(path: EntryPath, kind: EntryKind, isExecutable: Bool, content: ContentID) {
        self.path = path
        self.kind = kind
        self.isExecutable = isExecutable
        self.content = content
    }

    /// The record of a listed entry, `root` being the tree root of a file's content.
    /// - Precondition: a file with a byte comes with its root.
    public init(_ entry: ListingEntry, root: Hash256?) {
        switch entry.kind {
        case .directory:
            content = .empty
        case .symbolicLink(let target):
            content = ContentID(of: target.bytes)
        case .file(let file):
            precondition(file.size == 0 || root != nil, "a file's root is missing")
            content = ContentID(length: file.size, root: file.size == 0 ? .zero : root ?? .zero)
        }
        path = entry.path
        kind = entry.entryKind
        isExecutable = entry.flags & 1 != 0
    }

    /// The byte `flags` of the record.
    var flags: UInt8 { isExecutable ? 1 : 0 }
}

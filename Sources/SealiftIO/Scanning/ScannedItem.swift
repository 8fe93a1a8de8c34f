/// One thing found by a ``TreeScanner``.
public struct ScannedItem: Equatable, Sendable {
    /// What it is, and what only that kind has.
    public enum Kind: Equatable, Sendable {
        /// A regular file with the ranges of whole pieces that were never written.
        case file(holes: [Range<UInt64>])
        /// A directory; what is in it comes as items of its own.
        case directory
        /// A symbolic link; where it points is not looked at.
        case symbolicLink(target: [UInt8])
    }

    /// The components joined by `/`, beginning with the argument's landing name.
    public let path: [UInt8]
    /// What it is.
    public let kind: Kind
    /// What the file system told. A file is listed with this; when it is read, its status is
    /// compared with it (``FileStatus/describesSameContent(as:)``).
    public let status: FileStatus

    /// Makes an item.
    public init(path: [UInt8], kind: Kind, status: FileStatus) {
        self.path = path
        self.kind = kind
        self.status = status
    }
}

/// Where a file stands in a transfer: 0 is the listing, n ≥ 1 the n-th entry of the listing
/// (PROTOCOL §7.2). Directories and links have an index too, but no pieces.
public struct FileIndex: Hashable, Comparable, Sendable {
    /// The number as it stands on the wire.
    public let rawValue: UInt64

    /// Makes the index with the number `rawValue`.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The listing itself.
    public static let listing = FileIndex(0)

    /// The index of the listing's first entry.
    public static let firstEntry = FileIndex(1)

    /// The index that follows this one in listing order.
    /// - Precondition: this is not the largest 64-bit number; a listing has at most 2^32 entries.
    public var next: FileIndex { FileIndex(rawValue + 1) }

    /// Whether `left` comes before `right`.
    public static func < (left: FileIndex, right: FileIndex) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension FileIndex: CustomStringConvertible {
    /// The value in a form that is safe to print.
    public var description: String { "file \(rawValue)" }
}

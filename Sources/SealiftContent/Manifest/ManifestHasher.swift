public import SealiftBase

/// Hashes names, kinds, executable bits and contents of all that was delivered into one root, which
/// both ends compare (PROTOCOL §8.3). Times are left out.
///
/// Each record is u8 kind ‖ u8 flags ‖ varint path length ‖ path ‖ u64 length ‖ root (32).
public struct ManifestHasher: Sendable {
    private var hasher = ContentHasher()
    private var last: EntryPath?

    /// Makes the hasher of an empty manifest.
    public init() {}

    /// Appends a delivered entry, `root` being the tree root of a file's content. It is not looked
    /// at for directories, links (whose targets are hashed here) and empty files.
    /// - Precondition: entries come in listing order, and a file with a byte comes with its root.
    public mutating func append(_ entry: ListingEntry, root: Hash256?) {
        append(ManifestEntry(entry, root: root))
    }

    /// Appends a record.
    /// - Precondition: records come in listing order.
    public mutating func append(_ entry: ManifestEntry) {
        precondition(last.map { $0 < entry.path } ?? true, "manifest entries are out of order")
        last = entry.path
        var writer = ByteWriter(capacity: 48 + entry.path.bytes.count)
        writer.write(entry.kind.rawValue)
        writer.write(entry.flags)
        writer.writeLengthPrefixed(entry.path.bytes)
        writer.write(entry.content.length)
        writer.write(entry.content.root)
        hasher.update(writer.bytes)
    }

    /// The manifest root of the entries appended. Changes nothing: more may follow.
    public func finalize() -> Hash256 {
        hasher.finalize().root
    }
}

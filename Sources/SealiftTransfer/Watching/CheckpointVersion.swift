public import SealiftBase
public import SealiftContent
import SealiftCrypto

/// Which version of a checkpoint it is: a digest over the names and identities of all its files
/// (`docs/PROTOCOL.md` §9.9). Any write to a file changes its ctime, and with it the version; no content
/// is read for it.
public struct CheckpointVersion: Hashable, Sendable {
    /// The 32 bytes.
    public let digest: Hash256

    /// Takes a digest that was kept.
    public init(_ digest: Hash256) {
        self.digest = digest
    }
}

/// Makes a ``CheckpointVersion`` of what stands in a checkpoint, entry by entry in the order of the listing.
///
///     label ‖ for each entry: u8 kind (1 file, 2 folder, 3 link) ‖ u16 length ‖ path
///     and for a file: u64 inode ‖ u64 size ‖ mtime (u64 ‖ u32) ‖ ctime (u64 ‖ u32)
///
/// The number of the volume is left out: it is another after every start of a machine on many file systems.
public struct CheckpointDigest: Sendable {
    private static let label = Array("sealift/1 checkpoint".utf8)

    /// Whether ctimes count.
    public enum ChangeTimes: Sendable {
        /// Each does.
        case counted
        /// That of the first entry does not: moving a file to another name changes it.
        case countedButForTheFirst
    }

    private let changeTimes: ChangeTimes
    private var hasher = IncrementalSHA256()
    private var isFirst = true

    /// The digest of nothing yet.
    public init(_ changeTimes: ChangeTimes = .counted) {
        self.changeTimes = changeTimes
        Self.label.withUnsafeBytes { hasher.update($0) }
    }

    /// Adds the next entry.
    /// - Parameter identity: a file's; nil for everything else.
    public mutating func add(_ entry: ListingEntry, _ identity: FileIdentity?) {
        var writer = ByteWriter(capacity: 64 + entry.path.bytes.count)
        writer.write(entry.entryKind.rawValue)
        // A listed path has at most 4,096 bytes.
        writer.write(UInt16(clamping: entry.path.bytes.count))
        writer.write(entry.path.bytes)
        if let identity {
            let hidesChange = isFirst && changeTimes == .countedButForTheFirst
            writer.write(identity.inode)
            writer.write(identity.size)
            for time in [
                identity.modificationTime, hidesChange ? .epoch : identity.changeTime,
            ] {
                writer.write(UInt64(bitPattern: time.seconds))
                writer.write(time.nanoseconds)
            }
        }
        isFirst = false
        writer.bytes.withUnsafeBytes { hasher.update($0) }
    }

    /// The version of all that was added.
    public var version: CheckpointVersion { CheckpointVersion(hasher.finalize()) }
}

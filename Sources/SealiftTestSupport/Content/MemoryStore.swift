public import SealiftBase
public import SealiftContent
public import SealiftTransfer

/// A destination in memory, with faults on request: for tests.
///
/// A class, so that a test looks at what landed while a worker owns the store, and so that a second
/// session finds what a first one staged.
public final class MemoryStore: ReceiverStore {
    /// A file being gathered.
    private struct Staging {
        var entry: ListingEntry
        var content: [UInt8]
        var journal: PieceHashes
    }

    /// What is at the destination, by path.
    public private(set) var placed: [EntryPath: [UInt8]] = [:]
    /// Directories made.
    public private(set) var directories: Set<EntryPath> = []
    /// Links made, with their targets.
    public private(set) var links: [EntryPath: [UInt8]] = [:]
    /// Paths that are occupied before anything is written.
    public var occupied: Set<EntryPath> = []
    /// After so many bytes written every write fails as on a full disk.
    public var capacity: UInt64 = .max
    /// Pieces written to staging.
    public private(set) var piecesWritten = 0

    private var bytesWritten: UInt64 = 0
    private var listingBytes: [UInt8] = []
    private var open: [FileIndex: EntryPath] = [:]
    private var stagings: [EntryPath: Staging] = [:]
    private var line: [FileIndex] = []
    private var roots: [FileIndex: Hash256] = [:]

    /// Makes an empty destination.
    public init() {}

    /// The capacity.
    public func freeSpace() throws(StorageFailure) -> UInt64 { capacity }

    /// Makes room for the listing.
    public func prepareListing(_ listing: ContentID) throws(StorageFailure) {
        listingBytes = Array(repeating: 0, count: Int(listing.length))
        roots.removeAll()
    }

    /// Keeps bytes of the listing.
    public func writeListing(
        _ bytes: UnsafeRawBufferPointer, at offset: UInt64
    ) throws(StorageFailure) {
        listingBytes.replaceSubrange(Int(offset)..<(Int(offset) + bytes.count), with: bytes)
    }

    /// Reads bytes of the listing.
    public func readListing(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageFailure) -> Int {
        let end = min(listingBytes.count, Int(offset) + buffer.count)
        buffer.copyBytes(from: listingBytes[Int(offset)..<end])
        return end - Int(offset)
    }

    /// Occupied as the test says.
    public func destination(of entry: ListingEntry) throws(StorageFailure) -> DestinationState {
        occupied.contains(entry.path) ? .occupied : .free
    }

    /// Notes the directory.
    public func makeDirectory(_ entry: ListingEntry) throws(StorageFailure) {
        directories.insert(entry.path)
    }

    /// Notes the link.
    public func makeSymbolicLink(
        _ entry: ListingEntry, target: [UInt8]
    ) throws(StorageFailure) {
        links[entry.path] = target
    }

    /// Opens the staging, with what an earlier session proved.
    public func openStaging(
        _ file: FileIndex, entry: ListingEntry
    ) throws(StorageFailure) -> PieceHashes? {
        open[file] = entry.path
        if let staging = stagings[entry.path], staging.entry == entry { return staging.journal }
        guard case .file(let facts) = entry.kind else { return nil }
        stagings[entry.path] = Staging(
            entry: entry, content: Array(repeating: 0, count: Int(facts.size)),
            journal: PieceHashes(layout: facts.pieceLayout))
        return nil
    }

    /// Writes a piece and its record.
    public func writePiece(
        _ piece: PieceIndex, of file: FileIndex, content: UnsafeRawBufferPointer, hash: Hash256
    ) throws(StorageFailure) {
        try spend(content.count)
        guard let path = open[file] else { return }
        piecesWritten += 1
        let start = Int(piece.rawValue) * PieceGeometry.pieceSize
        stagings[path]?.content.replaceSubrange(start..<(start + content.count), with: content)
        stagings[path]?.journal.set(hash, for: piece)
    }

    /// Strikes a piece.
    public func forgetPiece(_ piece: PieceIndex, of file: FileIndex) throws(StorageFailure) {
        guard let path = open[file] else { return }
        stagings[path]?.journal.remove(piece)
    }

    /// Stages a small file.
    public func stageWhole(
        _ file: FileIndex, entry: ListingEntry, content: UnsafeRawBufferPointer
    ) throws(StorageFailure) {
        try spend(content.count)
        guard case .file(let facts) = entry.kind else { return }
        open[file] = entry.path
        stagings[entry.path] = Staging(
            entry: entry, content: Array(content),
            journal: PieceHashes(layout: facts.pieceLayout))
    }

    /// Lets go of the staging.
    public func closeStaging(_ file: FileIndex) {
        open.removeValue(forKey: file)
    }

    /// Puts a file in line.
    public func publish(_ file: FileIndex) throws(StorageFailure) {
        line.append(file)
    }

    /// Whether 64 files are in line.
    public var needsFlush: Bool { line.count >= 64 }

    /// Gives the files in line their names.
    public func flush() throws(StorageFailure) -> [(FileIndex, StorageFailure?)] {
        defer { line.removeAll() }
        return line.map { file in
            guard let path = open.removeValue(forKey: file),
                let staging = stagings.removeValue(forKey: path)
            else {
                return (file, StorageFailure(kind: .other, description: "nothing was staged"))
            }
            guard placed[path] == nil else {
                return (file, StorageFailure(kind: .exists, description: "the name is taken"))
            }
            placed[path] = staging.content
            return (file, nil)
        }
    }

    /// Keeps a root.
    public func storeRoot(_ root: Hash256, of file: FileIndex) throws(StorageFailure) {
        roots[file] = root
    }

    /// The root kept.
    public func root(of file: FileIndex) throws(StorageFailure) -> Hash256? { roots[file] }

    /// Drops the listing.
    public func cleanUp() {
        listingBytes.removeAll()
    }

    private func spend(_ bytes: Int) throws(StorageFailure) {
        bytesWritten += UInt64(bytes)
        guard bytesWritten <= capacity else {
            throw StorageFailure(kind: .full, description: "no space left on the memory disk")
        }
    }
}

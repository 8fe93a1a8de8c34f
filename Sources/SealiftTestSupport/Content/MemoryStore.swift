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

    public func freeSpace() throws(StorageFailure) -> UInt64 { capacity }

    public func prepareListing(_ listing: ContentID) throws(StorageFailure) {
        listingBytes = Array(repeating: 0, count: Int(listing.length))
        roots.removeAll()
    }

    public func writeListing(
        _ bytes: UnsafeRawBufferPointer, at offset: UInt64
    ) throws(StorageFailure) {
        listingBytes.replaceSubrange(Int(offset)..<(Int(offset) + bytes.count), with: bytes)
    }

    public func readListing(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageFailure) -> Int {
        let end = min(listingBytes.count, Int(offset) + buffer.count)
        buffer.copyBytes(from: listingBytes[Int(offset)..<end])
        return end - Int(offset)
    }

    public func destination(of entry: ListingEntry) throws(StorageFailure) -> DestinationState {
        occupied.contains(entry.path) ? .occupied : .free
    }

    public func makeDirectory(_ entry: ListingEntry) throws(StorageFailure) {
        directories.insert(entry.path)
    }

    public func makeSymbolicLink(
        _ entry: ListingEntry, target: [UInt8]
    ) throws(StorageFailure) {
        links[entry.path] = target
    }

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

    public func forgetPiece(_ piece: PieceIndex, of file: FileIndex) throws(StorageFailure) {
        guard let path = open[file] else { return }
        stagings[path]?.journal.remove(piece)
    }

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

    public func closeStaging(_ file: FileIndex) {
        open.removeValue(forKey: file)
    }

    public func publish(_ file: FileIndex) throws(StorageFailure) {
        line.append(file)
    }

    public var needsFlush: Bool { line.count >= 64 }

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

    public func storeRoot(_ root: Hash256, of file: FileIndex) throws(StorageFailure) {
        roots[file] = root
    }

    public func root(of file: FileIndex) throws(StorageFailure) -> Hash256? { roots[file] }

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

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

    /// What is at the destination, by path. A test may change what a run placed.
    public var placed: [EntryPath: [UInt8]] = [:]
    /// Directories made.
    public private(set) var directories: Set<EntryPath> = []
    /// Links made, with their targets.
    public private(set) var links: [EntryPath: [UInt8]] = [:]
    /// Paths that are occupied before anything is written.
    public var occupied: Set<EntryPath> = []
    /// After so many bytes written every write fails as on a full disk.
    public var capacity: UInt64 = .max
    /// Names that somebody takes while content is on its way.
    public var takenLater: Set<EntryPath> = []
    /// Content that the disk gives back in place of what was written.
    public var rotten: [EntryPath: [UInt8]] = [:]
    /// Pieces written to staging.
    public private(set) var piecesWritten = 0

    private var bytesWritten: UInt64 = 0
    private var listingBytes: [UInt8] = []
    private var open: [FileIndex: EntryPath] = [:]
    private var stagings: [EntryPath: Staging] = [:]
    private var line: [(file: FileIndex, placement: Placement)] = []
    /// What the log of placed files knows: the entries as they were placed.
    private var records: [EntryPath: ListingEntry] = [:]
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

    /// Occupied as the test says, or as an earlier session left it.
    public func destination(of entry: ListingEntry) throws(StorageFailure) -> DestinationState {
        if occupied.contains(entry.path) { return .occupied }
        if entry.entryKind == .symbolicLink, links[entry.path] != nil { return .placed(number: 0) }
        guard placed[entry.path] != nil else { return .free }
        guard let record = records[entry.path] else { return .occupied }
        return record == entry ? .placed(number: 0) : .outdated(number: 0)
    }

    /// Whether nothing was placed or occupied there.
    public func isFree(_ path: EntryPath) throws(StorageFailure) -> Bool {
        placed[path] == nil && links[path] == nil && !occupied.contains(path)
    }

    /// What an earlier session staged.
    public func stagedContent(of entry: ListingEntry) throws(StorageFailure) -> StagedContent {
        guard let staging = stagings[entry.path], staging.entry == entry else { return .none }
        let proven = UInt64(staging.journal.layout.dataPieceCount - staging.journal.missingCount)
        let bytes = proven * UInt64(PieceGeometry.pieceSize)
        return StagedContent(allocatedBytes: bytes, provenBytes: bytes)
    }

    /// Notes the directory.
    public func makeDirectory(_ entry: ListingEntry) throws(StorageFailure) {
        directories.insert(entry.path)
    }

    /// Notes the link.
    public func makeSymbolicLink(
        _ entry: ListingEntry, target: [UInt8], _ placement: Placement
    ) throws(StorageFailure) {
        guard !takenLater.contains(entry.path) else {
            throw StorageFailure(kind: .exists, description: "the name is taken")
        }
        links[numbered(entry.path, placement)] = target
    }

    /// The root of what an earlier session placed.
    public func placedRoot(of entry: ListingEntry) throws(StorageFailure) -> Hash256? {
        placed[entry.path].map { $0.isEmpty ? .zero : ContentID(of: $0).root }
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

    /// Strikes pieces.
    public func forgetPieces(
        _ pieces: [PieceIndex], of file: FileIndex
    ) throws(StorageFailure) {
        guard let path = open[file] else { return }
        for piece in pieces { stagings[path]?.journal.remove(piece) }
    }

    /// The hash of a small file that an earlier session staged.
    public func stagedWhole(of entry: ListingEntry) throws(StorageFailure) -> Hash256? {
        guard let staging = stagings[entry.path], staging.entry == entry else { return nil }
        return ContentID(of: staging.content).root
    }

    /// Takes it.
    public func adoptWhole(_ file: FileIndex, entry: ListingEntry) throws(StorageFailure) {
        open[file] = entry.path
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
    public func publish(
        _ file: FileIndex, root: Hash256, _ placement: Placement
    ) throws(StorageFailure) {
        line.append((file, placement))
    }

    /// Whether 64 files are in line.
    public var needsFlush: Bool { line.count >= 64 }

    /// Gives the files in line their names.
    public func flush() throws(StorageFailure) -> [(FileIndex, StorageFailure?)] {
        defer { line.removeAll() }
        return line.map { file, placement in
            guard let path = open.removeValue(forKey: file), let staging = stagings[path] else {
                return (file, StorageFailure(kind: .other, description: "nothing was staged"))
            }
            let name = numbered(path, placement)
            let isTaken = placed[name] != nil && placement.replaces == .nothing
            guard !isTaken, !takenLater.contains(name) else {
                return (file, StorageFailure(kind: .exists, description: "the name is taken"))
            }
            stagings.removeValue(forKey: path)
            placed[name] = staging.content
            records[path] = staging.entry
            return (file, nil)
        }
    }

    private func numbered(_ path: EntryPath, _ placement: Placement) -> EntryPath {
        NumberedName.path(path, number: placement.number) ?? path
    }

    /// Nothing is ever lost here.
    public func settle() throws(StorageFailure) {}

    /// Gives back what was placed, or what rotted.
    public func verify(
        _ entry: ListingEntry, number: UInt32
    ) throws(StorageFailure) -> DiskVerification {
        let path = numbered(entry.path, Placement(number: number, replaces: .nothing))
        guard let content = rotten[path] ?? placed[path] else { return .unreadable }
        return .read(content.isEmpty ? .zero : ContentID(of: content).root)
    }

    /// Forgets that the entry was placed whole.
    public func refute(_ entry: ListingEntry, number: UInt32) throws(StorageFailure) {
        records[entry.path] = ListingEntry(path: entry.path, kind: .directory)
    }

    /// Drops what is staged.
    public func discardStaging(of entry: ListingEntry) throws(StorageFailure) {
        stagings.removeValue(forKey: entry.path)
    }

    /// Keeps a root.
    public func storeRoot(_ root: Hash256, of file: FileIndex) throws(StorageFailure) {
        roots[file] = root
    }

    /// The root kept.
    public func root(of file: FileIndex) throws(StorageFailure) -> Hash256? { roots[file] }

    /// Drops the listing, and the records where they have served.
    public func cleanUp(isWhole: Bool) {
        listingBytes.removeAll()
        if isWhole { records.removeAll() }
    }

    private func spend(_ bytes: Int) throws(StorageFailure) {
        bytesWritten += UInt64(bytes)
        guard bytesWritten <= capacity else {
            throw StorageFailure(kind: .full, description: "no space left on the memory disk")
        }
    }
}

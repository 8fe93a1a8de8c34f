import SealiftBase
import SealiftContent
import SealiftTransfer

/// A destination that keeps what must be known of it and none of the content: a hostile listing may
/// state files of 2^56 bytes.
final class BoundedStore: ReceiverStore {
    /// The longest listing it has room for.
    static let listingLimit: UInt64 = 1 << 20

    /// What would now stand at the destination.
    private(set) var placed: Set<EntryPath> = []
    /// The first rule that the worker broke, if it did.
    private(set) var brokenRule: String?
    private var listingBytes: [UInt8] = []
    private var open: [FileIndex: EntryPath] = [:]
    private var pieces: [FileIndex: IntervalSet] = [:]
    private var line: [FileIndex] = []
    private var roots: [FileIndex: Hash256] = [:]
    /// What an earlier run of the file with this index is said to have proven.
    private let remembered: (file: FileIndex, pieces: UInt64, hash: Hash256)?

    init(remembering remembered: (file: FileIndex, pieces: UInt64, hash: Hash256)?) {
        self.remembered = remembered
    }

    private func hold(_ condition: Bool, _ rule: String) {
        if !condition, brokenRule == nil { brokenRule = rule }
    }

    func freeSpace() throws(StorageFailure) -> UInt64 { .max }

    func prepareListing(_ listing: ContentID) throws(StorageFailure) {
        guard listing.length <= Self.listingLimit else {
            throw StorageFailure(kind: .full, description: "no room for the listing")
        }
        listingBytes = [UInt8](repeating: 0, count: Int(listing.length))
    }

    func writeListing(
        _ bytes: UnsafeRawBufferPointer, at offset: UInt64
    ) throws(StorageFailure) {
        let end = offset + UInt64(bytes.count)
        hold(end <= UInt64(listingBytes.count), "a listing is longer than it was stated")
        guard end <= UInt64(listingBytes.count) else { return }
        listingBytes.replaceSubrange(Int(offset)..<Int(end), with: bytes)
    }

    func readListing(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageFailure) -> Int {
        let count = min(buffer.count, listingBytes.count - Int(offset))
        buffer.copyBytes(from: listingBytes[Int(offset)..<(Int(offset) + count)])
        return count
    }

    func destination(of entry: ListingEntry) throws(StorageFailure) -> DestinationState { .free }

    func isFree(_ path: EntryPath) throws(StorageFailure) -> Bool { !placed.contains(path) }

    func stagedContent(of entry: ListingEntry) throws(StorageFailure) -> StagedContent { .none }

    func makeDirectory(_ entry: ListingEntry) throws(StorageFailure) {
        hold(placed.insert(entry.path).inserted, "a directory is made twice")
    }

    func makeSymbolicLink(
        _ entry: ListingEntry, target: [UInt8], _ placement: Placement
    ) throws(StorageFailure) {
        hold(placed.insert(entry.path).inserted, "a link is made twice")
    }

    func placedRoot(of entry: ListingEntry) throws(StorageFailure) -> Hash256? { nil }

    func stagedWhole(of entry: ListingEntry) throws(StorageFailure) -> Hash256? { nil }

    func adoptWhole(_ file: FileIndex, entry: ListingEntry) throws(StorageFailure) {
        hold(false, "a file is adopted that was never staged")
    }

    func openStaging(
        _ file: FileIndex, entry: ListingEntry
    ) throws(StorageFailure) -> PieceHashes? {
        open[file] = entry.path
        guard let remembered, remembered.file == file else { return nil }
        var hashes = PieceHashes(layout: entry.pieceLayout)
        for piece in 0..<min(remembered.pieces, entry.pieceLayout.pieceCount) {
            hashes.set(remembered.hash, for: PieceIndex(piece))
        }
        return hashes
    }

    func writePiece(
        _ piece: PieceIndex, of file: FileIndex, content: UnsafeRawBufferPointer, hash: Hash256
    ) throws(StorageFailure) {
        hold(open[file] != nil, "a piece is written to a file that is not open")
        pieces[file, default: IntervalSet()].insert(piece.rawValue..<(piece.rawValue + 1))
    }

    func forgetPieces(_ pieces: [PieceIndex], of file: FileIndex) throws(StorageFailure) {
        hold(open[file] != nil, "a piece of a file that is not open is forgotten")
    }

    func stageWhole(
        _ file: FileIndex, entry: ListingEntry, content: UnsafeRawBufferPointer
    ) throws(StorageFailure) {
        hold(entry.file?.size == UInt64(content.count), "a file is staged with another length")
        open[file] = entry.path
    }

    func closeStaging(_ file: FileIndex) {
        open.removeValue(forKey: file)
    }

    func publish(
        _ file: FileIndex, root: Hash256, _ placement: Placement
    ) throws(StorageFailure) {
        hold(open[file] != nil, "a file is published that was not staged")
        hold(placement.replaces == .nothing, "a file replaces another unasked")
        line.append(file)
    }

    var needsFlush: Bool { line.count >= 4 }

    func flush() throws(StorageFailure) -> [(FileIndex, StorageFailure?)] {
        defer { line.removeAll() }
        for file in line {
            guard let path = open.removeValue(forKey: file) else { continue }
            hold(placed.insert(path).inserted, "a file is placed twice")
        }
        return line.map { ($0, nil) }
    }

    func settle() throws(StorageFailure) {}

    func verify(
        _ entry: ListingEntry, number: UInt32
    ) throws(StorageFailure) -> DiskVerification { .unreadable }

    func refute(_ entry: ListingEntry, number: UInt32) throws(StorageFailure) {}

    func discardStaging(of entry: ListingEntry) throws(StorageFailure) {}

    func storeRoot(_ root: Hash256, of file: FileIndex) throws(StorageFailure) {
        roots[file] = root
    }

    func root(of file: FileIndex) throws(StorageFailure) -> Hash256? { roots[file] }

    func cleanUp(isWhole: Bool) {}
}

public import SealiftBase
public import SealiftContent
public import SealiftTransfer

/// A tree in memory that a sender can send, with faults on request: for tests.
public struct MemorySource: SenderSource {
    /// One entry of the tree.
    public struct Item: Sendable {
        /// The entry as listed.
        public var entry: ListingEntry
        /// Its bytes, for a file.
        public var content: [UInt8]

        /// Puts the two together.
        public init(entry: ListingEntry, content: [UInt8]) {
            self.entry = entry
            self.content = content
        }
    }

    /// The tree in listing order.
    public private(set) var items: [Item]
    /// The bytes of the listing.
    public let listingBytes: [UInt8]
    /// Length and root of the listing.
    public let listing: ContentID
    /// What the listing adds up to.
    public let totals: ListingTotals
    /// Files that cannot be read from the given piece on.
    public var faults: [FileIndex: (piece: PieceIndex, failure: FileFailure)] = [:]
    /// Files that turn out to have changed when they are looked at in the end.
    public var changed: Set<FileIndex> = []
    /// How many pieces were read.
    public private(set) var piecesRead = 0

    private var roots: [FileIndex: Hash256] = [:]
    private var remembered: [FileIndex: PieceHashes] = [:]

    /// Makes a source of `items`, which must be in listing order.
    public init(_ items: [Item]) throws {
        self.items = items
        var encoder = ListingEncoder()
        for item in items { try encoder.append(item.entry) }
        listingBytes = encoder.drain()
        totals = encoder.totals
        listing = ContentID(
            length: UInt64(listingBytes.count),
            root: RootAccumulator.root(ofBytes: listingBytes))
    }

    /// The offer that a sender of this tree makes.
    public func offer(_ claim: Offer.Claim = .unclaimed) -> Offer {
        Offer(claim: claim, listing: listing, totals: totals)
    }

    /// Reads bytes of the listing.
    public mutating func readListing(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageFailure) {
        buffer.copyBytes(from: listingBytes[Int(offset)..<(Int(offset) + buffer.count)])
    }

    /// The entry at an index.
    public mutating func entry(at index: FileIndex) throws(StorageFailure) -> ListingEntry? {
        guard index != .listing, index.rawValue <= UInt64(items.count) else { return nil }
        return items[Int(index.rawValue) - 1].entry
    }

    /// Reads a piece, or fails as the faults say.
    public mutating func read(
        _ piece: PieceIndex, of file: FileIndex, entry: ListingEntry,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(SourceFailure) {
        if let fault = faults[file], piece >= fault.piece { throw .file(fault.failure) }
        piecesRead += 1
        let start = Int(piece.rawValue) * PieceGeometry.pieceSize
        let content = items[Int(file.rawValue) - 1].content
        buffer.copyBytes(from: content[start..<(start + buffer.count)])
    }

    /// Fails for the files that changed.
    public mutating func confirmUnchanged(
        _ file: FileIndex, entry: ListingEntry
    ) throws(SourceFailure) {
        if changed.contains(file) { throw .file(.changed) }
    }

    /// Nothing to let go of.
    public mutating func close(_ file: FileIndex) {}

    /// What was remembered before.
    public mutating func rememberedHashes(
        of file: FileIndex, entry: ListingEntry
    ) -> PieceHashes? {
        remembered[file]
    }

    /// Remembers the hashes of every file, as if an earlier run had read them all.
    public mutating func rememberEverything() {
        for (number, item) in items.enumerated() {
            guard let layout = item.entry.file?.pieceLayout, layout.length > 0 else { continue }
            var hashes = PieceHashes(layout: layout)
            for index in 0..<layout.pieceCount {
                let start = Int(index) * PieceGeometry.pieceSize
                let piece = item.content[
                    start..<min(start + PieceGeometry.pieceSize, item.content.count)]
                let hash = Array(piece).withUnsafeBytes {
                    PieceHasher.hash($0, isOnlyPiece: layout.pieceCount == 1)
                }
                hashes.set(hash, for: PieceIndex(index))
            }
            remembered[FileIndex(UInt64(number) + 1)] = hashes
        }
    }

    /// Remembers the hashes.
    public mutating func remember(
        _ hashes: PieceHashes, of file: FileIndex, entry: ListingEntry
    ) {
        remembered[file] = hashes
    }

    /// Keeps a root.
    public mutating func storeRoot(_ root: Hash256, of file: FileIndex) throws(StorageFailure) {
        roots[file] = root
    }

    /// The root kept.
    public mutating func root(of file: FileIndex) throws(StorageFailure) -> Hash256? {
        roots[file]
    }
}

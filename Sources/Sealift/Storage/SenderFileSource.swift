import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer

/// The files of a ``SendCatalog``, opened anew for each session and checked against what was listed.
struct SenderFileSource: SenderSource {
    private let catalog: SendCatalog
    private var cursor: SendCatalog.Cursor
    /// The file that pieces are read from now: requests run through files in order.
    private var current: (index: FileIndex, file: OpenFile)?

    private let manifest: ManifestFile?

    init(catalog: SendCatalog, manifest: ManifestFile?) {
        self.catalog = catalog
        cursor = catalog.makeCursor()
        self.manifest = manifest
    }

    func noteManifest(_ entry: ListingEntry, root: Hash256?) throws(StorageFailure) {
        try manifest?.append(ManifestEntry(entry, root: root))
    }

    var listing: ContentID { catalog.listing }

    func readListing(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageFailure) {
        try catalog.readListing(at: offset, into: buffer)
    }

    mutating func entry(at index: FileIndex) throws(StorageFailure) -> ListingEntry? {
        try catalog.entry(at: index, &cursor)?.entry
    }

    mutating func read(
        _ piece: PieceIndex, of file: FileIndex, entry: ListingEntry,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(SourceFailure) {
        let open = try open(file, entry)
        let offset = piece.rawValue * UInt64(PieceGeometry.pieceSize)
        let count: Int
        do { count = try open.read(into: buffer, at: offset) } catch { throw .file(.unreadable) }
        guard count == buffer.count else { throw .file(.changed) }
    }

    private mutating func open(
        _ index: FileIndex, _ entry: ListingEntry
    ) throws(SourceFailure) -> OpenFile {
        if let current, current.index == index { return current.file }
        current = nil
        do throws(SystemError) {
            let file = try catalog.tree.openFile(entry.path.bytes)
            // One piece is one read.
            if entry.pieceLayout.pieceCount > 1 { file.advise(.readInOrder) }
            current = (index, file)
            return file
        } catch {
            throw .file(error.isMissing || error.isObstructedPath ? .vanished : .unreadable)
        }
    }

    mutating func confirmUnchanged(
        _ file: FileIndex, entry: ListingEntry
    ) throws(SourceFailure) {
        let open = try open(file, entry)
        let status: FileStatus
        do { status = try open.status() } catch { throw .file(.unreadable) }
        guard FileIdentity(status) == (try identity(of: file)) else { throw .file(.changed) }
    }

    private mutating func identity(
        of file: FileIndex
    ) throws(SourceFailure) -> FileIdentity? {
        do { return try catalog.entry(at: file, &cursor)?.identity } catch { throw .spool(error) }
    }

    mutating func close(_ file: FileIndex) {
        if current?.index == file { current = nil }
    }

    mutating func rememberedHashes(of file: FileIndex, entry: ListingEntry) -> PieceHashes? {
        guard entry.pieceLayout.length >= HashCache.smallestFile,
            let identity = try? identity(of: file)
        else { return nil }
        return catalog.hashCache.hashes(of: identity, layout: entry.pieceLayout)
    }

    mutating func remember(_ hashes: PieceHashes, of file: FileIndex, entry: ListingEntry) {
        guard let identity = try? identity(of: file) else { return }
        catalog.hashCache.keep(hashes, of: identity)
    }

    func storeRoot(_ root: Hash256, of file: FileIndex) throws(StorageFailure) {
        try catalog.storeRoot(root, of: file)
    }

    func root(of file: FileIndex) throws(StorageFailure) -> Hash256? {
        try catalog.root(of: file)
    }
}

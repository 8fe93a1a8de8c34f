import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer

/// What a sender sends, found once: the listing, and which file each entry was.
///
/// Everything that grows with the number of entries is in spool files, so that ten million entries
/// cost disk and not memory. Nothing but the roots changes after the scan.
final class SendCatalog: Sendable {
    /// The user's arguments, held by descriptor.
    let tree: SourceTree
    /// Length and root of the listing.
    let listing: ContentID
    /// What the listing adds up to.
    let totals: ListingTotals
    /// Piece hashes of earlier runs.
    let hashCache: HashCache
    private let spool: SpoolFile
    private let index: CatalogIndex
    private let roots: RootSpool

    /// How many things were left out because they cannot be sent, and because they cannot be read.
    let leftOut: (skipped: UInt64, unreadable: UInt64)

    /// Walks `arguments` and spools the listing; `tell` is told what is left out.
    /// - Parameter granted: what of it is listed, without a word about the rest; nil for everything.
    /// - Throws: an argument cannot be read, the spool cannot be written, or the user stopped it.
    init(
        scanning arguments: SendArguments, granted: GrantedContent? = nil, home: Home,
        cancellation: Cancellation,
        tell: (TransferEvent) -> Void
    ) throws(SealiftError) {
        tree = arguments.tree
        do throws(SystemError) {
            spool = try SpoolFile(in: home.directory)
            index = try CatalogIndex(in: home.directory)
            roots = try RootSpool(in: home.directory)
        } catch {
            throw SealiftError(home: error)
        }
        hashCache = HashCache(home: home)
        var scan = CatalogScan(spool: spool, index: index)
        var leftOut = (skipped: UInt64(0), unreadable: UInt64(0))
        do throws(TreeScanner.ScanFailure<SealiftError>) {
            try TreeScanner().scan(tree) { event throws(SealiftError) in
                if cancellation.isRequested { throw .interrupted(byUserOf: .send) }
                switch event {
                case .item(let item):
                    if let granted, !granted.lists(item.path, isFolder: item.kind == .directory) {
                        return
                    }
                    do throws(StorageFailure) {
                        try scan.append(item) { warning in
                            leftOut.skipped += 1
                            tell(.warning(warning))
                        }
                    } catch {
                        throw SealiftError(error, doing: .send)
                    }
                case .warning(let warning):
                    // A name that was not granted is nobody's business.
                    if let granted, !granted.lists(warning.path, isFolder: false) { return }
                    tell(Self.event(warning, &leftOut))
                }
            }
        } catch {
            switch error {
            case .argument(let argument, let cause):
                throw SealiftError(argument: argument, cause)
            case .handler(let failure):
                throw failure
            }
        }
        do throws(StorageFailure) { try scan.flush() } catch {
            throw SealiftError(error, doing: .send)
        }
        self.leftOut = leftOut
        listing = scan.listing
        totals = scan.totals
    }

    /// What cannot be read was to be sent and is not: a failure. The rest is left out on purpose.
    private static func event(
        _ warning: ScanWarning, _ leftOut: inout (skipped: UInt64, unreadable: UInt64)
    ) -> TransferEvent {
        guard case .unreadable = warning.reason else {
            leftOut.skipped += 1
            return .warning(TransferWarning(warning))
        }
        leftOut.unreadable += 1
        return .file(
            FileReport(
                path: warning.path, size: 0, root: nil,
                result: .failed(reason: warning.reason.explanation)))
    }

    /// Reads bytes of the listing.
    func readListing(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageFailure) {
        guard try spool.read(into: buffer, at: offset) == buffer.count else {
            throw Self.damaged
        }
    }

    /// Where a reader of the catalog is: entries are asked for in order, and often twice.
    struct Cursor {
        fileprivate var index: SpoolWindow
        fileprivate var spool: SpoolWindow
        fileprivate var last: (index: FileIndex, entry: ListingEntry, identity: FileIdentity?)?
    }

    /// A reader's place in the catalog.
    func makeCursor() -> Cursor {
        Cursor(index: SpoolWindow(index.file), spool: SpoolWindow(spool))
    }

    /// The entry at `index`, and for a file its identity; nil behind the last.
    func entry(
        at index: FileIndex, _ cursor: inout Cursor
    ) throws(StorageFailure) -> (entry: ListingEntry, identity: FileIdentity?)? {
        if let last = cursor.last, last.index == index { return (last.entry, last.identity) }
        guard index != .listing, index.rawValue <= totals.entries else { return nil }
        guard let record = try CatalogIndex.record(of: index, in: &cursor.index),
            let entry = try cursor.spool.withBytes(
                count: Int(record.byteCount), at: record.offset,
                { try? ListingEntry(encodedAlone: $0) }) ?? nil
        else { throw Self.damaged }
        let identity = entry.file.map(record.identity(of:))
        cursor.last = (index, entry, identity)
        return (entry, identity)
    }

    private static let damaged = StorageFailure(
        kind: .other, description: "the listing's spool in the home folder is damaged")

    /// Keeps the root of a file.
    func storeRoot(_ root: Hash256, of file: FileIndex) throws(StorageFailure) {
        try roots.store(root, of: file)
    }

    /// The root kept for a file; nil where none is.
    func root(of file: FileIndex) throws(StorageFailure) -> Hash256? {
        try roots.root(of: file)
    }
}

import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer

/// Turns what the scanner finds into the listing and its index, written to the spools in runs.
struct CatalogScan {
    /// Entries are written when they come to about this many bytes.
    private static let runByteCount = 1 << 20

    private let spool: SpoolFile
    private let index: CatalogIndex
    private var encoder = ListingEncoder()
    private var hasher = ContentHasher()
    private var spooledBytes: UInt64 = 0
    private var records: [UInt8] = []
    private var recordsWritten: UInt64 = 0

    init(spool: SpoolFile, index: CatalogIndex) {
        self.spool = spool
        self.index = index
    }

    /// Length and root of the listing; whole after the last ``flush()``.
    var listing: ContentID { hasher.finalize() }

    /// What the entries so far add up to.
    var totals: ListingTotals { encoder.totals }

    /// Lists `item`; one that no listing can hold is left out with a warning.
    mutating func append(
        _ item: ScannedItem, _ warn: (TransferWarning) -> Void
    ) throws(StorageFailure) {
        let start = encoder.byteCount
        do {
            try encoder.append(ListingEntry(item))
        } catch {
            warn(TransferWarning("skipped: \(error)", path: item.path))
            return
        }
        let record = CatalogIndex.Record(
            offset: start, byteCount: UInt32(encoder.byteCount - start), status: item.status)
        records += record.encoded
        if encoder.pendingByteCount >= Self.runByteCount { try flush() }
    }

    /// Writes what waits.
    mutating func flush() throws(StorageFailure) {
        let bytes = encoder.drain()
        hasher.update(bytes)
        try spool.write(bytes, at: spooledBytes)
        spooledBytes += UInt64(bytes.count)
        try index.write(records, from: recordsWritten)
        recordsWritten += UInt64(records.count / CatalogIndex.Record.byteCount)
        records.removeAll(keepingCapacity: true)
    }
}

extension ListingEntry {
    /// What the scanner found, as it is listed.
    init(_ item: ScannedItem) throws {
        let path = try EntryPath(item.path)
        switch item.kind {
        case .directory:
            self.init(path: path, kind: .directory)
        case .symbolicLink(let target):
            self.init(path: path, kind: .symbolicLink(try LinkTarget(target, at: path)))
        case .file(let holes):
            let file = FileEntry(
                size: item.status.size,
                modificationTime: ModificationTime(item.status.modified),
                isExecutable: item.status.isExecutable,
                holes: HoleRuns(enclosedBy: holes, size: item.status.size))
            self.init(path: path, kind: .file(file))
        }
    }
}

extension TransferWarning {
    /// What the scanner left out.
    init(_ warning: ScanWarning) {
        self.init("skipped: \(warning.reason.explanation)", path: warning.path)
    }
}

extension ScanWarning.Reason {
    /// The reason in words.
    var explanation: String {
        switch self {
        case .special: "a FIFO, socket or device is not sent"
        case .symbolicLink: "a symbolic link is not sent"
        case .notUTF8: "its name is not UTF-8"
        case .controlCharacters: "its name has control characters"
        case .privateFolder: "it is sealift's own folder"
        case .nameTooLong: "its name is too long"
        case .tooDeep: "it is more than 256 folders deep"
        case .tooLarge: "it is larger than 2^56 bytes"
        case .unreadable(let error): "it cannot be read (\(error.reason))"
        }
    }
}

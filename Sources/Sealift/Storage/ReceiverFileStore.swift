import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftTransfer

/// Where a receiver's content lands on disk: staged under `.sealift` in the destination, each file
/// given its name when it is proven and synced.
///
/// ```
/// OUTPUT/.sealift/<sender's fingerprint>/<staging key>.data      content, 0600
///                                        <staging key>.journal   proven pieces (PROTOCOL §9.5)
///                                        placed-<n>              files placed (PROTOCOL §9.7)
/// ```
struct ReceiverFileStore: ReceiverStore {
    /// A file in line for its name.
    struct Waiting {
        let file: FileIndex
        let entry: ListingEntry
        let facts: FileEntry
        let key: StagingKey
        let hasJournal: Bool
        let root: Hash256
        let placement: Placement
        /// The staged file, as it is before it gets its name.
        let status: FileStatus
    }

    /// A staged file of at most one piece.
    private struct Whole {
        let entry: ListingEntry
        let facts: FileEntry
        let key: StagingKey
        let status: FileStatus
    }

    var destination: Destination
    private let sender: DeviceFingerprint
    private let spool: ListingSpool
    private let roots: RootSpool
    private let boot: BootIdentity
    private let manifest: ManifestFile?
    private var staging: DirectoryHandle?
    /// Whether the staging folder was looked for, and whether an earlier run had made it.
    private var isResumed: Bool?
    var log: PlacedLog?
    /// Whether what is listed as executable is so.
    var bits = StagedFile.ExecutableBits.asListed
    /// Where it is noted what is listed no more; the log of what was placed is kept then.
    var ledger: SyncLedger?
    var open: [FileIndex: StagedFile] = [:]
    /// Files of at most one piece that are staged and not in line yet.
    private var whole: [FileIndex: Whole] = [:]
    var line: [Waiting] = []
    /// What staging holds of files that have their names: removed when that has reached the disk.
    var retired: [[UInt8]] = []
    var unsyncedBytes: UInt64 = 0
    var lastSync = MonotonicClock.now()
    /// The file that is being read back.
    var reading: DiskReading?

    /// Makes a store for the folder `output`, or for the place in quarantine that stands for it.
    init(
        _ destination: Destination, quarantine: QuarantinePlace? = nil,
        sender: DeviceFingerprint, spool: ListingSpool, home: Home, manifest: ManifestFile? = nil
    ) throws(SystemError) {
        try self.init(
            quarantine.map { Destination($0.content) } ?? destination, sender: sender,
            spool: spool, home: home, boot: try Self.bootIdentity(), manifest: manifest)
        if quarantine != nil { bits = .withheld }
    }

    /// Makes a store in a stated run of the machine: tests play power cuts.
    init(
        _ destination: Destination, sender: DeviceFingerprint, spool: ListingSpool, home: Home,
        boot: BootIdentity, manifest: ManifestFile? = nil
    ) throws(SystemError) {
        self.destination = destination
        self.manifest = manifest
        self.sender = sender
        self.spool = spool
        self.boot = boot
        roots = try RootSpool(in: home.directory)
    }

    /// This run of the machine.
    private static func bootIdentity() throws(SystemError) -> BootIdentity {
        guard let identity = BootIdentity(bytes: try BootID.read()) else {
            throw SystemError(code: 0, operation: "read the boot id: it has not 16 bytes")
        }
        return identity
    }

    func storing<Value>(
        _ body: () throws(SystemError) -> Value
    ) throws(StorageFailure) -> Value {
        do throws(SystemError) { return try body() } catch { throw StorageFailure(error) }
    }

    // MARK: The listing

    mutating func freeSpace() throws(StorageFailure) -> UInt64 {
        do throws(SystemError) { return try destination.freeSpace() } catch {
            throw StorageFailure(error)
        }
    }

    mutating func prepareListing(_ listing: ContentID) throws(StorageFailure) {
        spool.prepare(length: listing.length)
    }

    mutating func writeListing(
        _ bytes: UnsafeRawBufferPointer, at offset: UInt64
    ) throws(StorageFailure) {
        try spool.write(bytes, at: offset)
    }

    mutating func readListing(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageFailure) -> Int {
        try spool.read(into: buffer, at: offset)
    }

    // MARK: The staging folder

    private static let privateName = Array(".sealift".utf8)

    private var senderName: [UInt8] { Array(sender.description.utf8) }

    /// The sender's staging folder, made where it is missing: ours, 0700, and no link on the way.
    mutating func stagingFolder() throws(SystemError) -> DirectoryHandle {
        if let folder = try resumedStaging() { return folder }
        var folder = try destination.make()
        for name in [Self.privateName, senderName] {
            folder = try folder.openPrivateDirectory(name)
        }
        staging = folder
        log = try PlacedLog(in: folder)
        return folder
    }

    /// The staging folder if it is there already; nothing is made before the user accepted.
    mutating func resumedStaging() throws(SystemError) -> DirectoryHandle? {
        if staging != nil || isResumed != nil { return staging }
        isResumed = false
        guard let root = try destination.openIfThere() else { return nil }
        do throws(SystemError) {
            let folder = try root.openDirectory(Self.privateName + [0x2F] + senderName)
            staging = folder
            log = try PlacedLog(in: folder)
            isResumed = true
        } catch  where error.isMissing {}
        return staging
    }

    // MARK: What is there

    mutating func destination(
        of entry: ListingEntry
    ) throws(StorageFailure) -> DestinationState {
        do throws(SystemError) { return try state(of: entry) } catch {
            throw StorageFailure(error)
        }
    }

    mutating func isFree(_ path: EntryPath) throws(StorageFailure) -> Bool {
        do throws(SystemError) { return try destination.find(path) == .nothing } catch {
            throw StorageFailure(error)
        }
    }

    mutating func stagedContent(
        of entry: ListingEntry
    ) throws(StorageFailure) -> StagedContent {
        guard let facts = entry.file, facts.size > 0 else { return .none }
        do throws(SystemError) {
            guard let staging = try resumedStaging(), isResumed == true else { return .none }
            let key = StagingKey(path: entry.path, file: facts)
            guard let status = try staging.statusIfPresent(of: StagedFile.dataName(key)),
                status.kind == .file
            else { return .none }
            let isOnly = facts.pieceLayout.pieceCount == 1
            let proven =
                isOnly
                ? (status.size == facts.size ? facts.size : 0)
                : try StagedFile.provenBytes(
                    entry, facts, in: staging, dataInode: status.inode)
            return StagedContent(allocatedBytes: status.blocks * 512, provenBytes: proven)
        } catch {
            throw StorageFailure(error)
        }
    }

    // MARK: Staging

    mutating func makeDirectory(_ entry: ListingEntry) throws(StorageFailure) {
        do throws(SystemError) { try destination.makeDirectory(entry) } catch {
            throw StorageFailure(error)
        }
    }

    mutating func openStaging(
        _ file: FileIndex, entry: ListingEntry
    ) throws(StorageFailure) -> PieceHashes? {
        guard let facts = entry.file else { return nil }
        do throws(SystemError) {
            let staged = try StagedFile(
                entry, facts, in: try stagingFolder(), boot: boot, bits: bits)
            open[file] = staged
            return staged.claimed.isEmpty ? nil : staged.claimed
        } catch {
            throw StorageFailure(error)
        }
    }

    mutating func writePiece(
        _ piece: PieceIndex, of file: FileIndex, content: UnsafeRawBufferPointer, hash: Hash256
    ) throws(StorageFailure) {
        guard let staged = open[file] else { return }
        try storing { () throws(SystemError) in try staged.write(piece, content, hash: hash) }
        unsyncedBytes += UInt64(content.count)
    }

    mutating func forgetPieces(
        _ pieces: [PieceIndex], of file: FileIndex
    ) throws(StorageFailure) {
        guard let staged = open[file] else { return }
        try storing { () throws(SystemError) in try staged.forget(pieces) }
    }

    mutating func stagedWhole(of entry: ListingEntry) throws(StorageFailure) -> Hash256? {
        guard isResumed == true, let staging, let facts = entry.file else { return nil }
        let key = StagingKey(path: entry.path, file: facts)
        return try storing { () throws(SystemError) -> Hash256? in
            do throws(SystemError) {
                let data = try staging.openFile(StagedFile.dataName(key), for: .reading)
                let content = try data.readArray(atMost: PieceGeometry.pieceSize, at: 0)
                guard try data.status().size == facts.size, UInt64(content.count) == facts.size
                else { return nil }
                return content.withUnsafeBytes { PieceHasher.hash($0, isOnlyPiece: true) }
            } catch  where error.isMissing {
                return nil
            }
        }
    }

    mutating func adoptWhole(_ file: FileIndex, entry: ListingEntry) throws(StorageFailure) {
        guard let facts = entry.file, let staging else { return }
        let key = StagingKey(path: entry.path, file: facts)
        let status = try storing { () throws(SystemError) in
            let data = try staging.openFile(StagedFile.dataName(key), for: .updating)
            return try StagedFile.finish(data, facts, bits)
        }
        whole[file] = Whole(entry: entry, facts: facts, key: key, status: status)
        unsyncedBytes += facts.size
    }

    mutating func stageWhole(
        _ file: FileIndex, entry: ListingEntry, content: UnsafeRawBufferPointer
    ) throws(StorageFailure) {
        guard let facts = entry.file else { return }
        let key = StagingKey(path: entry.path, file: facts)
        do throws(SystemError) {
            let status = try StagedFile.stage(
                content, key, facts, bits, in: try stagingFolder())
            whole[file] = Whole(entry: entry, facts: facts, key: key, status: status)
        } catch {
            throw StorageFailure(error)
        }
        unsyncedBytes += UInt64(content.count)
    }

    mutating func closeStaging(_ file: FileIndex) {
        open.removeValue(forKey: file)
        whole.removeValue(forKey: file)
    }

    mutating func discardStaging(of entry: ListingEntry) throws(StorageFailure) {
        guard isResumed == true, let staging, let facts = entry.file else { return }
        let key = StagingKey(path: entry.path, file: facts)
        for name in [StagedFile.dataName(key), StagedFile.journalName(key)] {
            let status = try storing { () throws(SystemError) in
                try staging.statusIfPresent(of: name)
            }
            if status != nil { retired.append(name) }
        }
    }

    mutating func publish(
        _ file: FileIndex, root: Hash256, _ placement: Placement
    ) throws(StorageFailure) {
        if let staged = open.removeValue(forKey: file) {
            let status = try storing { () throws(SystemError) in try staged.finish() }
            line.append(
                Waiting(
                    file: file, entry: staged.entry, facts: staged.facts, key: staged.key,
                    hasJournal: true, root: root, placement: placement, status: status))
        } else if let staged = whole.removeValue(forKey: file) {
            line.append(
                Waiting(
                    file: file, entry: staged.entry, facts: staged.facts, key: staged.key,
                    hasJournal: false, root: root, placement: placement, status: staged.status))
        }
    }

    // MARK: Manifest and end

    mutating func storeRoot(_ root: Hash256, of file: FileIndex) throws(StorageFailure) {
        try roots.store(root, of: file)
    }

    mutating func root(of file: FileIndex) throws(StorageFailure) -> Hash256? {
        try roots.root(of: file)
    }

    mutating func noteManifest(
        _ entry: ListingEntry, root: Hash256?
    ) throws(StorageFailure) {
        try manifest?.append(ManifestEntry(entry, root: root))
    }

    mutating func cleanUp(isWhole: Bool) {
        // Of a listing without a file nobody has asked for the log yet.
        if ledger != nil { _ = try? resumedStaging() }
        guard let root = try? destination.openIfThere(), staging != nil else { return }
        if let ledger {
            if isWhole { note(unlistedIn: root, in: ledger) }
        } else if isWhole {
            try? log?.conclude()
        }
        log = nil
        staging = nil
        // Both fail where something is left in them, and are to: it is another transfer's.
        try? root.openDirectory(Self.privateName).removeDirectory(senderName)
        try? root.removeDirectory(Self.privateName)
    }
}

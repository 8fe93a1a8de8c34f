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
///                                        <staging key>.journal   proven pieces (PROTOCOL §9)
/// ```
struct ReceiverFileStore: ReceiverStore {
    /// Files that may wait for their name, and bytes that may be unsynced, before a sync is due.
    private static let longestLine = 2_048
    private static let mostUnsyncedBytes: UInt64 = 256 << 20
    /// The longest time between syncs while something is written.
    private static let syncInterval = Duration.seconds(1)

    /// A file in line for its name.
    private struct Waiting {
        let file: FileIndex
        let path: EntryPath
        let key: StagingKey
        let hasJournal: Bool
    }

    private var destination: Destination
    private let sender: DeviceFingerprint
    private let spool: ListingSpool
    private let roots: RootSpool
    private let boot: BootIdentity
    private let manifest: ManifestFile?
    private var staging: DirectoryHandle?
    private var open: [FileIndex: StagedFile] = [:]
    /// Files of at most one piece that are staged and not in line yet.
    private var whole: [FileIndex: (path: EntryPath, key: StagingKey)] = [:]
    private var line: [Waiting] = []
    private var unsyncedBytes: UInt64 = 0
    private var lastSync = MonotonicClock.now()

    init(
        output: [UInt8], sender: DeviceFingerprint, spool: ListingSpool, home: Home,
        manifest: ManifestFile? = nil
    ) throws(SystemError) {
        self.manifest = manifest
        destination = Destination(path: output)
        self.sender = sender
        self.spool = spool
        roots = try RootSpool(in: home.directory)
        boot = try Self.bootIdentity()
    }

    /// This run of the machine.
    private static func bootIdentity() throws(SystemError) -> BootIdentity {
        guard let identity = BootIdentity(bytes: try BootID.read()) else {
            throw SystemError(code: 0, operation: "read the boot id: it has not 16 bytes")
        }
        return identity
    }

    private func storing<Value>(
        _ body: () throws(SystemError) -> Value
    ) throws(StorageFailure) -> Value {
        do throws(SystemError) { return try body() } catch { throw StorageFailure(error) }
    }

    // MARK: Before anything is written

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

    mutating func destination(
        of entry: ListingEntry
    ) throws(StorageFailure) -> DestinationState {
        do throws(SystemError) { return try destination.state(of: entry) } catch {
            throw StorageFailure(error)
        }
    }

    // MARK: Staging

    /// The sender's staging folder: ours, 0700, and no link on the way.
    private mutating func stagingFolder() throws(SystemError) -> DirectoryHandle {
        if let staging { return staging }
        var folder = try destination.make()
        for name in [Array(".sealift".utf8), Array(sender.description.utf8)] {
            do throws(SystemError) {
                try folder.createDirectory(name, mode: 0o700)
            } catch  where error.isAlreadyThere {}
            folder = try folder.openDirectory(name)
        }
        staging = folder
        return folder
    }

    mutating func makeDirectory(_ entry: ListingEntry) throws(StorageFailure) {
        do throws(SystemError) { try destination.makeDirectory(entry) } catch {
            throw StorageFailure(error)
        }
    }

    mutating func makeSymbolicLink(
        _ entry: ListingEntry, target: [UInt8]
    ) throws(StorageFailure) {
        do throws(SystemError) {
            try destination.parent(of: entry.path)
                .createSymbolicLink(Array(entry.path.name), to: target)
        } catch {
            throw StorageFailure(error)
        }
    }

    mutating func openStaging(
        _ file: FileIndex, entry: ListingEntry
    ) throws(StorageFailure) -> PieceHashes? {
        guard let facts = entry.file else { return nil }
        do throws(SystemError) {
            let staged = try StagedFile(entry, facts, in: try stagingFolder(), boot: boot)
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

    mutating func forgetPiece(_ piece: PieceIndex, of file: FileIndex) throws(StorageFailure) {
        guard let staged = open[file] else { return }
        try storing { () throws(SystemError) in try staged.forget(piece) }
    }

    mutating func stageWhole(
        _ file: FileIndex, entry: ListingEntry, content: UnsafeRawBufferPointer
    ) throws(StorageFailure) {
        guard let facts = entry.file else { return }
        let key = StagingKey(path: entry.path, file: facts)
        do throws(SystemError) {
            let folder = try stagingFolder()
            let data = try folder.openFile(
                StagedFile.dataName(key), for: .creatingOrUpdating(mode: 0o600))
            if content.count > 0 { try data.write(from: content, at: 0) }
            try data.setSize(facts.size)
            try data.setMode(StagedFile.mode(of: facts))
            try data.setModified(FileTime(facts.modificationTime))
            try data.close()
        } catch {
            throw StorageFailure(error)
        }
        whole[file] = (entry.path, key)
        unsyncedBytes += UInt64(content.count)
    }

    mutating func closeStaging(_ file: FileIndex) {
        open.removeValue(forKey: file)
        whole.removeValue(forKey: file)
    }

    // MARK: Publishing

    mutating func publish(_ file: FileIndex) throws(StorageFailure) {
        if let staged = open.removeValue(forKey: file) {
            try storing { () throws(SystemError) in try staged.finish() }
            line.append(
                Waiting(
                    file: file, path: staged.entry.path, key: staged.key, hasJournal: true))
        } else if let (path, key) = whole.removeValue(forKey: file) {
            line.append(Waiting(file: file, path: path, key: key, hasJournal: false))
        }
    }

    var needsFlush: Bool {
        guard !line.isEmpty || unsyncedBytes > 0 else { return false }
        return line.count >= Self.longestLine || unsyncedBytes >= Self.mostUnsyncedBytes
            || MonotonicClock.now() - lastSync >= Self.syncInterval
    }

    mutating func flush() throws(StorageFailure) -> [(FileIndex, StorageFailure?)] {
        lastSync = MonotonicClock.now()
        guard let staging else { return [] }
        let syncs = open.values.compactMap { staged in staged.beginSync().map { (staged, $0) } }
        guard unsyncedBytes > 0 || !line.isEmpty else { return [] }
        try storing { () throws(SystemError) in
            try staging.syncVolume()
            for (staged, sync) in syncs { try staged.completeSync(sync) }
        }
        unsyncedBytes = 0
        let waiting = line
        line.removeAll(keepingCapacity: true)
        var results: [(FileIndex, StorageFailure?)] = []
        results.reserveCapacity(waiting.count)
        for item in waiting { results.append((item.file, place(item, from: staging))) }
        return results
    }

    /// Gives a file its name; nil where it has it.
    private mutating func place(
        _ item: Waiting, from staging: DirectoryHandle
    ) -> StorageFailure? {
        do throws(SystemError) {
            let outcome = try staging.renameWithoutReplacing(
                StagedFile.dataName(item.key), toDirectory: try destination.parent(of: item.path),
                to: Array(item.path.name))
            switch outcome {
            case .renamed:
                if item.hasJournal { try staging.unlink(StagedFile.journalName(item.key)) }
                return nil
            case .alreadyExists:
                return StorageFailure(
                    kind: .exists,
                    description: "a file of that name appeared; the content stays in .sealift")
            case .unsupported:
                return StorageFailure(
                    kind: .other,
                    description: "this file system cannot rename without the risk of replacing; "
                        + "the content stays in .sealift")
            }
        } catch {
            return StorageFailure(error)
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

    mutating func cleanUp() {
        // Both fail where something is left in them, and are to: it is another transfer's.
        guard let root = try? destination.openIfThere(), staging != nil else { return }
        staging = nil
        let folder = Array(".sealift".utf8)
        try? root.openDirectory(folder).removeDirectory(Array(sender.description.utf8))
        try? root.removeDirectory(folder)
    }
}

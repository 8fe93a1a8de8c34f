internal import DequeModule
internal import SealiftBase
internal import SealiftContent
internal import SealiftTransport

/// Proves what arrived, writes it, and plans what to ask for next.
///
/// A value with no thread of its own: each call takes one command and appends what came of it. All
/// knowledge of paths and disk is in the ``ReceiverStore``; all knowledge of the network is in the
/// ``ReceiverSession``.
public struct ReceiverWorker<Store: ReceiverStore> {
    private var store: Store
    private var listing: ListingInPreparation?
    private var planner: ReceiverPlanner?
    private var files: [FileIndex: FileInProgress] = [:]
    /// Entries that will not be part of the manifest.
    private var leftOut = IntervalSet()
    private var published: [FileIndex: (path: EntryPath, content: ContentID)] = [:]
    private var isFinishing = false
    private var hasFailed = false

    private struct ListingInPreparation {
        let offer: Offer
        var hashes: PieceHashes
    }

    /// A file of more than one piece that is being gathered.
    private struct FileInProgress {
        let entry: ListingEntry
        let facts: FileEntry
        /// Pieces proven in this session, with those of an earlier run that the sender confirmed.
        var proven: PieceHashes
        /// Pieces that an earlier run proved and the sender has not confirmed yet.
        var claimed: PieceHashes?
        var statedRoot: Hash256?
    }

    /// Makes a worker over `store`.
    public init(store: Store) {
        self.store = store
    }

    /// Does what one command asks for and appends what came of it.
    ///
    /// After the first storage failure every command but ``ReceiverCommand/abandon`` is ignored.
    public mutating func handle(_ command: ReceiverCommand, into outputs: inout [ReceiverOutput]) {
        if case .abandon = command {
            abandon()
            return
        }
        guard !hasFailed else { return }
        do throws(WorkFailure) {
            try perform(command, &outputs)
        } catch {
            hasFailed = true
            switch error {
            case .storage(let failure): outputs.append(.failed(failure))
            case .violation(let violation): outputs.append(.violation(violation))
            }
        }
    }

    private mutating func perform(
        _ command: ReceiverCommand, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        switch command {
        case .beginListing(let offer):
            try storing { store throws(StorageFailure) in try store.prepareListing(offer.listing) }
            listing = ListingInPreparation(
                offer: offer,
                hashes: PieceHashes(layout: PieceLayout(length: offer.listing.length)))
        case .storeListing(let piece, let buffer):
            try storeListing(piece, buffer, &outputs)
        case .plan:
            try plan(&outputs)
        case .store(let file, let piece, let buffer):
            try self.store(file, piece, buffer, &outputs)
        case .storeZero(let file, let piece):
            try storeZero(file, piece, &outputs)
        case .compareHashes(let file, let firstPiece, let buffer):
            try compareHashes(file, firstPiece, buffer, &outputs)
        case .fileRoot(let file, let root):
            try noteRoot(file, root, &outputs)
        case .fileFailed(let file, let failure):
            try drop(file, because: failure, &outputs)
        case .finish:
            isFinishing = true
        case .abandon:
            break
        }
        if store.needsFlush || isFinishing { try flush(&outputs) }
        if isFinishing, files.isEmpty {
            isFinishing = false
            outputs.append(.finished(try manifest()))
        }
    }

    private mutating func storing<Value>(
        _ body: (inout Store) throws(StorageFailure) -> Value
    ) throws(WorkFailure) -> Value {
        do { return try body(&store) } catch { throw .storage(error) }
    }

    private mutating func abandon() {
        if !hasFailed { _ = try? store.flush() }
        for file in files.keys { store.closeStaging(file) }
        files.removeAll()
        published.removeAll()
        hasFailed = true
    }

    // MARK: Listing

    private mutating func storeListing(
        _ piece: PieceIndex, _ buffer: ObjectBuffer, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard var current = listing else { return }
        let isOnly = PieceGeometry.pieceCount(of: current.offer.listing.length) == 1
        guard let hash = buffer.statedHash,
            PieceHasher.hash(UnsafeRawBufferPointer(buffer.content), isOnlyPiece: isOnly) == hash
        else {
            outputs.append(.pieceRefuted(.listing, piece))
            return
        }
        let offset = piece.rawValue * UInt64(PieceGeometry.pieceSize)
        try storing { store throws(StorageFailure) in
            try store.writeListing(UnsafeRawBufferPointer(buffer.content), at: offset)
        }
        current.hashes.set(hash, for: piece)
        listing = current
        outputs.append(
            .proven(.listing, piece, bytes: UInt64(buffer.content.count), reused: false))
        if current.hashes.isComplete { try checkListing(current, &outputs) }
    }

    private mutating func checkListing(
        _ current: ListingInPreparation, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard current.hashes.root() == current.offer.listing.root else {
            throw .violation(.listing("its root is not the one offered"))
        }
        var walker = ListingWalker(length: current.offer.listing.length)
        var summary = ListingSummary(
            totals: current.offer.totals,
            freeSpace: try storing { store throws(StorageFailure) in try store.freeSpace() },
            conflicts: [], conflictCount: 0)
        while let (_, entry) = try next(of: &walker) {
            let state = try storing { store throws(StorageFailure) in
                try store.destination(of: entry)
            }
            if state == .occupied {
                summary.conflictCount += 1
                if summary.conflicts.count < ListingSummary.maximumConflictsKept {
                    summary.conflicts.append(entry.path)
                }
            }
        }
        guard walker.totals == current.offer.totals else {
            throw .violation(.listing("its totals are not those offered"))
        }
        planner = ReceiverPlanner(listingLength: current.offer.listing.length)
        outputs.append(.listingReady(summary))
    }

    private mutating func next(
        of walker: inout ListingWalker
    ) throws(WorkFailure) -> (FileIndex, ListingEntry)? {
        do throws(ListingWalker.Failure) {
            return try walker.next { offset, buffer throws(StorageFailure) in
                try store.readListing(at: offset, into: buffer)
            }
        } catch {
            switch error {
            case .storage(let failure): throw .storage(failure)
            case .listing(let violation):
                throw .violation(.listing(violation.description))
            }
        }
    }

    // MARK: Plan

    private mutating func plan(_ outputs: inout [ReceiverOutput]) throws(WorkFailure) {
        guard var planner else { return }
        var run = planner.popRun()
        while run == nil, !planner.isAtEnd {
            if let (file, entry) = try next(of: &planner.walker) {
                try begin(file, entry, &planner, &outputs)
            } else {
                planner.endOfListing()
            }
            run = planner.popRun()
        }
        self.planner = planner
        outputs.append(run.map(ReceiverOutput.planned) ?? .planExhausted)
    }

    private mutating func begin(
        _ file: FileIndex, _ entry: ListingEntry, _ planner: inout ReceiverPlanner,
        _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        switch entry.kind {
        case .directory:
            try storing { store throws(StorageFailure) in try store.makeDirectory(entry) }
        case .symbolicLink(let target):
            try storing { store throws(StorageFailure) in
                try store.makeSymbolicLink(entry, target: target.bytes)
            }
        case .file(let facts):
            if facts.size == 0 {
                try storing { store throws(StorageFailure) in
                    try store.stageWhole(
                        file, entry: entry, content: UnsafeRawBufferPointer(start: nil, count: 0))
                }
                try publish(file, entry.path, ContentID(length: 0, root: .zero))
                return
            }
            let count = PieceGeometry.pieceCount(of: facts.size)
            var progress = FileInProgress(
                entry: entry, facts: facts,
                proven: PieceHashes(layout: facts.pieceLayout))
            if count > 1 {
                progress.claimed = try storing { store throws(StorageFailure) in
                    try store.openStaging(file, entry: entry)
                }
            }
            planner.append(file, facts, claimed: progress.claimed)
            files[file] = progress
            // A file of nothing but holes has no piece to wait for.
            if progress.proven.isComplete { try finishIfWhole(file, &outputs) }
        }
    }

    // MARK: Pieces

    private mutating func store(
        _ file: FileIndex, _ piece: PieceIndex, _ buffer: ObjectBuffer,
        _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard var progress = files.removeValue(forKey: file) else {
            outputs.append(.discarded(bytes: UInt64(buffer.content.count)))
            return
        }
        let isOnly = PieceGeometry.pieceCount(of: progress.facts.size) == 1
        let content = UnsafeRawBufferPointer(buffer.content)
        guard let hash = buffer.statedHash,
            PieceHasher.hash(content, isOnlyPiece: isOnly) == hash
        else {
            files[file] = progress
            outputs.append(.pieceRefuted(file, piece))
            return
        }
        if isOnly {
            let entry = progress.entry
            try storing { store throws(StorageFailure) in
                try store.stageWhole(file, entry: entry, content: content)
            }
            outputs.append(.proven(file, piece, bytes: UInt64(content.count), reused: false))
            try publish(
                file, entry.path, ContentID(length: progress.facts.size, root: hash))
            return
        }
        try storing { store throws(StorageFailure) in
            try store.writePiece(piece, of: file, content: content, hash: hash)
        }
        progress.proven.set(hash, for: piece)
        files[file] = progress
        outputs.append(.proven(file, piece, bytes: UInt64(content.count), reused: false))
        try finishIfWhole(file, &outputs)
    }

    private mutating func storeZero(
        _ file: FileIndex, _ piece: PieceIndex, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard let progress = files[file] else {
            outputs.append(.discarded(bytes: UInt64(PieceGeometry.pieceSize)))
            return
        }
        let length = PieceGeometry.pieceSize
        // Only a whole piece of a file can be announced as zeros (docs/PROTOCOL.md §7.1).
        let buffer = ObjectBuffer(count: Hash256.byteCount + length)
        buffer.bytes.initializeMemory(as: UInt8.self, repeating: 0)
        PieceHasher.hash(
            UnsafeRawBufferPointer(buffer.content),
            isOnlyPiece: PieceGeometry.pieceCount(of: progress.facts.size) == 1
        ).copyBytes(to: buffer.bytes)
        try store(file, piece, buffer, &outputs)
    }

    private mutating func compareHashes(
        _ file: FileIndex, _ firstPiece: PieceIndex, _ buffer: ObjectBuffer,
        _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard var progress = files.removeValue(forKey: file), let claimed = progress.claimed else {
            return
        }
        var refuted: [PieceIndex] = []
        for index in 0..<(buffer.count / Hash256.byteCount) {
            let piece = PieceIndex(firstPiece.rawValue + UInt64(index))
            guard let ours = claimed[piece], progress.facts.pieceLayout.isData(piece) else {
                continue
            }
            let offset = index * Hash256.byteCount
            let stated = Hash256(
                UnsafeRawBufferPointer(
                    rebasing: buffer.bytes[offset..<(offset + Hash256.byteCount)]))
            if stated == ours {
                progress.proven.set(ours, for: piece)
                let length = progress.facts.pieceLayout.pieceLength(piece) ?? 0
                outputs.append(.proven(file, piece, bytes: UInt64(length), reused: true))
            } else {
                refuted.append(piece)
                let length = progress.facts.pieceLayout.pieceLength(piece) ?? 0
                outputs.append(.outdated(bytes: UInt64(length)))
            }
        }
        for piece in refuted {
            try storing { store throws(StorageFailure) in
                try store.forgetPiece(piece, of: file)
            }
        }
        files[file] = progress
        if !refuted.isEmpty { planner?.appendAgain(refuted, of: file, progress.facts) }
        try finishIfWhole(file, &outputs)
    }

    // MARK: Files

    private mutating func noteRoot(
        _ file: FileIndex, _ root: Hash256, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        files[file]?.statedRoot = root
        try finishIfWhole(file, &outputs)
    }

    private mutating func finishIfWhole(
        _ file: FileIndex, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        guard let progress = files[file], progress.proven.isComplete,
            let root = progress.proven.root()
        else { return }
        let content = ContentID(length: progress.facts.size, root: root)
        let isAllHoles = progress.facts.pieceLayout.dataPieceCount == 0
        // Nothing was read of a file of holes, so the sender states nothing about it either.
        guard let stated = progress.statedRoot ?? (isAllHoles ? root : nil) else { return }
        files.removeValue(forKey: file)
        guard stated == root else {
            store.closeStaging(file)
            leftOut.insert(file.rawValue)
            outputs.append(
                .fileDone(file, path: progress.entry.path, content: content, .rootRefuted))
            return
        }
        try publish(file, progress.entry.path, content)
    }

    private mutating func publish(
        _ file: FileIndex, _ path: EntryPath, _ content: ContentID
    ) throws(WorkFailure) {
        files.removeValue(forKey: file)
        try storing { store throws(StorageFailure) in
            try store.storeRoot(content.root, of: file)
            try store.publish(file)
        }
        published[file] = (path, content)
    }

    private mutating func drop(
        _ file: FileIndex, because failure: FileFailure, _ outputs: inout [ReceiverOutput]
    ) throws(WorkFailure) {
        // The sender may lose a file after its last piece: then it was published whole and stays.
        guard let progress = files.removeValue(forKey: file) else { return }
        store.closeStaging(file)
        leftOut.insert(file.rawValue)
        outputs.append(
            .fileDone(
                file, path: progress.entry.path,
                content: ContentID(length: progress.facts.size, root: .zero),
                .failedAtSender(failure)))
    }

    private mutating func flush(_ outputs: inout [ReceiverOutput]) throws(WorkFailure) {
        let results = try storing { store throws(StorageFailure) in try store.flush() }
        for (file, failure) in results {
            guard let (path, content) = published.removeValue(forKey: file) else { continue }
            if failure != nil { leftOut.insert(file.rawValue) }
            outputs.append(
                .fileDone(
                    file, path: path, content: content,
                    failure.map(FileResult.unplaced) ?? .delivered))
        }
    }

    private mutating func manifest() throws(WorkFailure) -> Completion {
        guard let listing else { return Completion(root: .zero, files: 0, bytes: 0) }
        var walker = ListingWalker(length: listing.offer.listing.length)
        var hasher = ManifestHasher()
        var completion = Completion(root: .zero, files: 0, bytes: 0)
        while let (file, entry) = try next(of: &walker) {
            guard !leftOut.contains(file.rawValue) else { continue }
            var root: Hash256?
            if case .file(let facts) = entry.kind {
                root = try storing { store throws(StorageFailure) in try store.root(of: file) }
                completion.files += 1
                completion.bytes += facts.size
            }
            hasher.append(entry, root: root)
            try storing { store throws(StorageFailure) in
                try store.noteManifest(entry, root: root)
            }
        }
        completion.root = hasher.finalize()
        store.cleanUp()
        return completion
    }
}

extension ObjectBuffer {
    /// The hash in front of a piece's object; nil where the object is too short to have one.
    var statedHash: Hash256? {
        guard count >= Hash256.byteCount else { return nil }
        return Hash256(UnsafeRawBufferPointer(rebasing: bytes[..<Hash256.byteCount]))
    }
}

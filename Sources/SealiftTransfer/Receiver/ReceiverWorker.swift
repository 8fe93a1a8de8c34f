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
    let choices: ReceiverChoices
    var store: Store
    var listing: ListingInPreparation?
    var decisions = ListingDecisions()
    var planner: ReceiverPlanner?
    var files: [FileIndex: FileInProgress] = [:]
    /// Entries that will not be part of the manifest.
    var leftOut = IntervalSet()
    /// Those of them that the sender has to be told of.
    var skipped = IntervalSet()
    var published: [FileIndex: (path: EntryPath, content: ContentID)] = [:]
    /// Whether a file that should have come is not at its destination.
    var isIncomplete = false
    var ending: Ending?
    private var hasFailed = false

    struct ListingInPreparation {
        let offer: Offer
        var hashes: PieceHashes
    }

    /// A file that is being gathered or confirmed.
    struct FileInProgress {
        let entry: ListingEntry
        let facts: FileEntry
        /// Pieces proven in this session, with those of an earlier run that the sender confirmed.
        var proven: PieceHashes
        /// What an earlier run left, until the sender confirms it.
        var claim = Claim.nothing
        var statedRoot: Hash256?
    }

    /// What an earlier run proved of a file.
    enum Claim {
        /// Nothing.
        case nothing
        /// These pieces of a file of several.
        case pieces(PieceHashes)
        /// A file of one piece, staged whole.
        case whole(Hash256)
        /// The file is at its destination, with this root.
        case placed(Hash256)
    }

    /// Makes a worker over `store`.
    public init(store: Store, choices: ReceiverChoices = ReceiverChoices()) {
        self.store = store
        self.choices = choices
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
        case .plan(let wish):
            try plan(wish, &outputs)
        case .store(let file, let piece, let buffer):
            try self.store(file, piece, buffer, &outputs)
        case .storeZero(let file, let piece):
            try storeZero(file, piece, &outputs)
        case .compareHashes(let file, let firstPiece, let buffer):
            try compareHashes(file, firstPiece, buffer, &outputs)
            outputs.append(.compared)
        case .fileRoot(let file, let root):
            try noteRoot(file, root, &outputs)
        case .fileFailed(let file, let failure):
            drop(file, because: failure, &outputs)
        case .finish:
            if ending == nil { ending = .gathering } else { try finish(&outputs) }
        case .conclude:
            store.cleanUp(isWhole: !isIncomplete)
        case .abandon:
            break
        }
        if store.needsFlush { try flush(&outputs) }
        // The last root may have come.
        if case .gathering = ending { try finish(&outputs) }
    }

    mutating func storing<Value>(
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

    // MARK: What became of an entry

    /// Notes that an entry will not be at its destination, and that the sender is to leave it out.
    mutating func leaveOut(_ file: FileIndex) {
        leftOut.insert(file.rawValue)
        skipped.insert(file.rawValue)
    }

    mutating func publish(
        _ file: FileIndex, _ path: EntryPath, _ content: ContentID
    ) throws(WorkFailure) {
        files.removeValue(forKey: file)
        let placement = decisions.placement(of: file)
        try storing { store throws(StorageFailure) in
            try store.storeRoot(content.root, of: file)
            try store.publish(file, root: content.root, placement)
        }
        published[file] = (path, content)
    }

    mutating func flush(_ outputs: inout [ReceiverOutput]) throws(WorkFailure) {
        let results = try storing { store throws(StorageFailure) in try store.flush() }
        for (file, failure) in results {
            guard let (path, content) = published.removeValue(forKey: file) else { continue }
            if failure != nil {
                leaveOut(file)
                isIncomplete = true
            }
            let number = decisions.placement(of: file).number
            let name = number == 0 ? nil : NumberedName.path(path, number: number)
            outputs.append(
                .fileDone(
                    file, path: path, content: content,
                    failure.map(FileResult.unplaced)
                        ?? name.map(FileResult.deliveredAs) ?? .delivered))
        }
    }
}

extension ObjectBuffer {
    /// The hash in front of a piece's object; nil where the object is too short to have one.
    var statedHash: Hash256? {
        guard count >= Hash256.byteCount else { return nil }
        return Hash256(UnsafeRawBufferPointer(rebasing: bytes[..<Hash256.byteCount]))
    }
}

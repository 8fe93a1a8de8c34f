internal import DequeModule
internal import SealiftBase
internal import SealiftContent
internal import SealiftTransport

/// Reads, hashes and hands out what a receiver asked for; computes hashes and the manifest behind it.
///
/// A value with no thread of its own: whoever drives it calls ``step()`` when there is room for one
/// more output. Pieces that were asked for come first; hash requests, and the manifest at the end,
/// fill the time that is left, so that a resumed transfer's new data never waits for old hashes.
public struct SenderWorker<Source: SenderSource> {
    var source: Source
    private var requests: Deque<WaitingRequest> = []
    private var hashRequests: Deque<HashRequest> = []
    /// Pieces of the listing that nobody had to ask for.
    private var listingAhead: Range<UInt64> = 0..<0
    var manifest: ManifestTask?
    /// The manifest as far as it can be known before it is asked for; nil where it is not to be foreseen.
    var foreseen: ForeseenManifest?
    var pending: Deque<SenderOutput> = []
    /// The files whose hashes are being gathered.
    var files: [FileIndex: OpenFile] = [:]
    /// The file that the last piece came from: requests run through files in order.
    private var lastServed: FileIndex?
    /// Files that failed in this session: they are left out from then on.
    var failed: Set<FileIndex> = []
    /// Files that were reported as whole.
    var reported = IntervalSet()

    /// What is left of a request.
    private struct WaitingRequest {
        var rest: PieceRequest
        /// Whether a piece of it was served. The first must be one that the receiver named; from
        /// there on the run goes through the listing by itself.
        var hasBegun = false
    }

    /// A file whose hashes are being gathered.
    struct OpenFile {
        let entry: ListingEntry
        var hashes: PieceHashes
        /// Set once the root was stated, so that it is stated once.
        var isWhole = false
        /// Whether a piece of it was handed out.
        var isServed = false
    }

    /// What one step did.
    public enum Step {
        /// Something to hand on.
        case output(SenderOutput)
        /// Work was done that shows nothing yet.
        case working
        /// Nothing is left to do.
        case idle
    }

    /// Makes a worker over `source`.
    /// - Parameter foreseesManifest: whether the manifest is computed in idle time before it is asked for.
    ///   Not where `source` takes note of it: what was foreseen may have to be done again.
    public init(source: Source, foreseesManifest: Bool = true) {
        self.source = source
        if foreseesManifest { foreseen = ForeseenManifest() }
    }

    /// Whether a requested piece waits to be read.
    public var hasRequestedPieces: Bool { !pending.isEmpty || !requests.isEmpty }

    /// Adds work.
    public mutating func enqueue(_ command: SenderCommand) {
        switch command {
        case .request(let request): requests.append(WaitingRequest(rest: request))
        case .listingAhead(let pieces): listingAhead = 0..<pieces
        case .hashes(let request): hashRequests.append(request)
        case .manifest(let skipped): beginManifest(skipped: skipped)
        }
    }

    /// Does one bounded piece of work: at most one piece is read and hashed.
    /// - Parameter includingRequested: false where there is no room for another object, so that
    ///   only hashing in the background may go on.
    public mutating func step(includingRequested: Bool = true) -> Step {
        if let output = pending.popFirst() { return .output(output) }
        do throws(WorkFailure) {
            if let piece = listingAhead.popFirst() {
                pending.append(.listingAhead(try listingObject(PieceIndex(piece))))
            } else if includingRequested, let request = requests.popFirst() {
                try serveNextPiece(of: request)
            } else if let request = hashRequests.first {
                try advance(request)
            } else if let task = manifest {
                try advance(task)
            } else if try !foresee() {
                return .idle
            }
        } catch {
            switch error {
            case .violation(let violation): pending.append(.violation(violation))
            case .storage(let failure): pending.append(.failed(failure))
            }
            listingAhead = 0..<0
            requests.removeAll()
            hashRequests.removeAll()
            manifest = nil
            foreseen = nil
        }
        return pending.popFirst().map(Step.output) ?? .working
    }

    // MARK: Requested pieces

    private mutating func serveNextPiece(of waiting: WaitingRequest) throws(WorkFailure) {
        var request = waiting.rest
        if request.file == .listing {
            let buffer = try listingObject(request.piece)
            pending.append(.object(request.firstObject, buffer, contentBytes: 0))
            request.advance(to: .listing, piece: PieceIndex(request.piece.rawValue + 1))
        } else {
            guard
                let (file, piece, entry) = try nextPiece(from: request.file, at: request.piece),
                waiting.hasBegun || (file == request.file && piece == request.piece)
            else { throw .violation(.noSuchPiece) }
            try servePiece(piece, of: file, entry: entry, as: request.firstObject)
            request.advance(to: file, piece: PieceIndex(piece.rawValue + 1))
        }
        if request.count > 0 {
            requests.prepend(WaitingRequest(rest: request, hasBegun: true))
        }
    }

    /// The object of a piece of the listing.
    private mutating func listingObject(_ piece: PieceIndex) throws(WorkFailure) -> ObjectBuffer {
        let length = source.listing.length
        guard let range = PieceGeometry.byteRange(of: piece, in: length) else {
            throw .violation(.noSuchPiece)
        }
        let size = range.count
        let buffer = ObjectBuffer(count: Hash256.byteCount + size)
        let content = buffer.content
        do {
            try source.readListing(
                at: range.lowerBound, into: content)
        } catch { throw .storage(error) }
        let isOnly = PieceGeometry.pieceCount(of: length) == 1
        PieceHasher.hash(UnsafeRawBufferPointer(content), isOnlyPiece: isOnly)
            .copyBytes(to: buffer.bytes)
        return buffer
    }

    /// The piece at or behind the given place that is data, going on through the listing.
    private mutating func nextPiece(
        from start: FileIndex, at startPiece: PieceIndex
    ) throws(WorkFailure) -> (FileIndex, PieceIndex, ListingEntry)? {
        var file = start
        var piece = startPiece
        while let entry = try entry(at: file) {
            if case .file(let facts) = entry.kind {
                if let run = facts.pieceLayout.dataRun(atOrAfter: piece.rawValue) {
                    return (file, PieceIndex(run.lowerBound), entry)
                }
            }
            file = file.next
            piece = .first
        }
        return nil
    }

    mutating func entry(at file: FileIndex) throws(WorkFailure) -> ListingEntry? {
        if let open = files[file] { return open.entry }
        do { return try source.entry(at: file) } catch { throw .storage(error) }
    }

    private mutating func servePiece(
        _ piece: PieceIndex, of file: FileIndex, entry: ListingEntry, as object: ObjectID
    ) throws(WorkFailure) {
        guard !failed.contains(file), case .file(let facts) = entry.kind,
            let size = facts.pieceLayout.pieceLength(piece)
        else {
            pending.append(.withdrawn(count: 1))
            return
        }
        let buffer = ObjectBuffer(count: Hash256.byteCount + size)
        do throws(SourceFailure) {
            let hash = try read(piece, of: file, entry: entry, into: buffer.content)
            files[file]?.isServed = true
            try note(hash, piece: piece, of: file)
            hash.copyBytes(to: buffer.bytes)
            if hash == ZeroPiece.hash, size == PieceGeometry.pieceSize {
                pending.prepend(.zero(first: object, count: 1))
            } else {
                pending.prepend(.object(object, buffer, contentBytes: size))
            }
        } catch {
            try fail(file, entry: entry, error)
            pending.append(.withdrawn(count: 1))
        }
    }

    // MARK: Hashes

    /// Reads and hashes one piece. A file of one piece is looked at again before its hash counts,
    /// because nothing is said about it afterwards.
    private mutating func read(
        _ piece: PieceIndex, of file: FileIndex, entry: ListingEntry,
        into content: UnsafeMutableRawBufferPointer
    ) throws(SourceFailure) -> Hash256 {
        guard case .file(let facts) = entry.kind else { throw .file(.unreadable) }
        _ = gatheredHashes(of: file, entry: entry, facts)
        try source.read(piece, of: file, entry: entry, into: content)
        moveOn(to: file)
        let isOnly = PieceGeometry.pieceCount(of: facts.size) == 1
        return PieceHasher.hash(UnsafeRawBufferPointer(content), isOnlyPiece: isOnly)
    }

    /// Notes a hash; with the last one of a file, states its root.
    private mutating func note(
        _ hash: Hash256, piece: PieceIndex, of file: FileIndex
    ) throws(SourceFailure) {
        // A remembered hash that differs: the content moved without the clock of the file.
        if let known = files[file]?.hashes[piece], known != hash { throw .file(.changed) }
        files[file]?.hashes.set(hash, for: piece)
        try stateRootIfWhole(file)
    }

    /// Where every hash of a file is known, confirms that the file did not change and states its
    /// root, once. Hashes remembered from an earlier run count: of a file that the receiver has
    /// whole in its staging nothing else is read.
    private mutating func stateRootIfWhole(_ file: FileIndex) throws(SourceFailure) {
        guard let open = files[file], !open.isWhole, open.hashes.isComplete,
            let root = open.hashes.root(), case .file(let facts) = open.entry.kind
        else { return }
        try source.confirmUnchanged(file, entry: open.entry)
        do { try source.storeRoot(root, of: file) } catch { throw .spool(error) }
        reconsider(file)
        files[file]?.isWhole = true
        if PieceGeometry.pieceCount(of: facts.size) > 1 {
            pending.append(.fileRoot(file, root))
            source.remember(open.hashes, of: file, entry: open.entry)
        }
        report(
            file, open.entry, ContentID(length: facts.size, root: root), isServed: open.isServed)
    }

    /// Tells of a file that is whole, once.
    mutating func report(
        _ file: FileIndex, _ entry: ListingEntry, _ content: ContentID, isServed: Bool
    ) {
        guard reported.insert(file.rawValue) else { return }
        pending.append(
            .fileRead(file, path: entry.path, content: content, isServed: isServed))
    }

    /// Lets go of the file served before, once it is whole and nobody waits for its hashes.
    private mutating func moveOn(to file: FileIndex) {
        guard let last = lastServed, last != file else {
            lastServed = file
            return
        }
        lastServed = file
        source.close(last)
        if files[last]?.isWhole == true, !hashRequests.contains(where: { $0.file == last }) {
            files.removeValue(forKey: last)
        }
    }

    private mutating func fail(
        _ file: FileIndex, entry: ListingEntry, _ failure: SourceFailure
    ) throws(WorkFailure) {
        source.close(file)
        files.removeValue(forKey: file)
        reconsider(file)
        switch failure {
        case .spool(let storage): throw .storage(storage)
        case .file(let reason):
            if failed.insert(file).inserted {
                pending.append(.fileFailed(file, path: entry.path, reason))
            }
        }
    }

    /// What is known of a file's hashes, from this session or an earlier run.
    private mutating func gatheredHashes(
        of file: FileIndex, entry: ListingEntry, _ facts: FileEntry
    ) -> PieceHashes {
        if let open = files[file] { return open.hashes }
        let hashes =
            source.rememberedHashes(of: file, entry: entry)
            ?? PieceHashes(layout: facts.pieceLayout)
        files[file] = OpenFile(entry: entry, hashes: hashes)
        return hashes
    }

    private mutating func advance(_ request: HashRequest) throws(WorkFailure) {
        guard let entry = try entry(at: request.file), case .file(let facts) = entry.kind,
            request.firstPiece.rawValue < PieceGeometry.pieceCount(of: facts.size),
            request.count
                <= PieceGeometry.pieceCount(of: facts.size) - request.firstPiece.rawValue
        else { throw .violation(.noSuchPiece) }
        guard !failed.contains(request.file) else {
            hashRequests.removeFirst()
            pending.append(.withdrawn(count: 1))
            return
        }
        let end = request.firstPiece.rawValue + request.count
        let table = gatheredHashes(of: request.file, entry: entry, facts)
        if let missing = table.firstMissing(from: request.firstPiece), missing.rawValue < end {
            try hashInBackground(missing, of: request.file, entry: entry, facts)
            return
        }
        hashRequests.removeFirst()
        // A receiver that has every piece asks for hashes only: the root is stated all the same.
        do throws(SourceFailure) { try stateRootIfWhole(request.file) } catch {
            try fail(request.file, entry: entry, error)
            pending.append(.withdrawn(count: 1))
            return
        }
        let buffer = ObjectBuffer(count: Int(request.count) * Hash256.byteCount)
        for index in 0..<Int(request.count) {
            let piece = PieceIndex(request.firstPiece.rawValue + UInt64(index))
            let slot = UnsafeMutableRawBufferPointer(
                rebasing: buffer.bytes[(index * Hash256.byteCount)...])
            (table[piece] ?? .zero).copyBytes(to: slot)
        }
        pending.append(.object(request.object, buffer, contentBytes: 0))
    }

    mutating func hashInBackground(
        _ piece: PieceIndex, of file: FileIndex, entry: ListingEntry, _ facts: FileEntry
    ) throws(WorkFailure) {
        let scratch = ObjectBuffer(count: facts.pieceLayout.pieceLength(piece) ?? 0)
        do throws(SourceFailure) {
            let hash = try read(piece, of: file, entry: entry, into: scratch.bytes)
            try note(hash, piece: piece, of: file)
        } catch {
            try fail(file, entry: entry, error)
        }
    }
}

extension PieceRequest {
    /// Drops the first piece; the rest begins at the given place.
    fileprivate mutating func advance(to file: FileIndex, piece: PieceIndex) {
        firstObject = ObjectID(rawValue: firstObject.rawValue + 1)
        self.file = file
        self.piece = piece
        count -= 1
    }
}

extension ObjectBuffer {
    /// The part of a piece's object behind the hash.
    var content: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: bytes[Hash256.byteCount...])
    }
}

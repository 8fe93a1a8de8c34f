internal import DequeModule
internal import SealiftBase
internal import SealiftContent

/// Cuts what is still wanted into runs that one request can ask for (`docs/PROTOCOL.md` §7.3).
///
/// A run of pieces goes on through files in listing order as long as no wanted piece is left out, so
/// that hundreds of small files cost one request; it ends at a size that keeps the window
/// fine-grained. What an earlier run proved is left out and noted for a run of hashes: those are
/// asked for beside the pieces, never before them, so that a file with half a terabyte proven goes on
/// with new data at once.
struct ReceiverPlanner: Sendable {
    /// The most content bytes in a run: small against the window, large against a message.
    static let maximumRunBytes = 4 << 20
    /// The most pieces in a run.
    static let maximumRunPieces = 512
    /// Runs of hashes that may wait before planning pauses.
    static let mostHashesWaiting = 4_096

    /// A file that is planned piece by piece.
    private struct Unplanned {
        let file: FileIndex
        let layout: PieceLayout
        var next: UInt64
        let claimed: PieceHashes?
        /// Whether it comes out of listing order, so that no run goes on from it or into it.
        var isOutOfOrder = false
    }

    /// The listing, read a second time as the plan goes on.
    var walker: ListingWalker
    private var runs: Deque<PlannedRun> = []
    private var hashes: Deque<(file: FileIndex, pieces: Range<UInt64>)> = []
    private var open: [PlannedRun.Piece] = []
    private var openBytes = 0
    private var files: Deque<Unplanned> = []
    /// Whether the listing was walked to its end; what is planned again still comes.
    private(set) var isAtEnd = false

    init(listingLength: UInt64) {
        walker = ListingWalker(length: listingLength)
    }

    /// Takes a file with at least one byte; `claimed` are the pieces that an earlier run proved.
    mutating func append(_ file: FileIndex, _ layout: PieceLayout, claimed: PieceHashes?) {
        files.append(Unplanned(file: file, layout: layout, next: 0, claimed: claimed))
        planFiles()
    }

    /// Takes a whole file that was passed before: it has to be fetched after all.
    mutating func appendOutOfOrder(
        _ file: FileIndex, _ layout: PieceLayout, claimed: PieceHashes?
    ) {
        closeRun()
        files.append(
            Unplanned(
                file: file, layout: layout, next: 0, claimed: claimed, isOutOfOrder: true))
    }

    /// Takes a file whose every hash is wanted, holes excepted, and nothing else.
    mutating func appendHashes(of file: FileIndex, _ layout: PieceLayout) {
        closeRun()
        var next: UInt64 = 0
        while let data = layout.dataRun(atOrAfter: next) {
            hashes.append((file, data))
            next = data.upperBound
        }
    }

    /// Notes a file with pieces that is left out.
    mutating func leaveOut() { closeRun() }

    /// Takes pieces that must be fetched after all.
    mutating func appendAgain(
        _ pieces: [PieceIndex], of file: FileIndex, _ layout: PieceLayout
    ) {
        var run: [PlannedRun.Piece] = []
        for piece in pieces {
            if let last = run.last,
                last.piece.rawValue + 1 != piece.rawValue || run.count >= 16
            {
                runs.append(PlannedRun(subject: .pieces(run)))
                run.removeAll()
            }
            run.append(
                PlannedRun.Piece(
                    file: file, piece: piece, length: layout.pieceLength(piece) ?? 0))
        }
        if !run.isEmpty { runs.append(PlannedRun(subject: .pieces(run))) }
    }

    /// No entry follows: what is open becomes the last run.
    mutating func endOfListing() {
        isAtEnd = true
        closeRun()
    }

    /// Takes the next run of pieces; nil where more entries are needed for one, or none are left.
    mutating func popRun() -> PlannedRun? {
        if runs.isEmpty { planFiles() }
        return runs.popFirst()
    }

    /// Takes the next run of hashes.
    mutating func popHashes() -> PlannedRun? {
        guard let (file, pieces) = hashes.popFirst() else { return nil }
        let count = min(HashRequest.maximumCount, UInt64(pieces.count))
        let rest = (pieces.lowerBound + count)..<pieces.upperBound
        if !rest.isEmpty { hashes.prepend((file, rest)) }
        return PlannedRun(
            subject: .hashes(file, firstPiece: PieceIndex(pieces.lowerBound), count: count))
    }

    /// Whether runs of pieces are ready, or can be cut without another entry.
    var hasPieces: Bool { !runs.isEmpty || !files.isEmpty }

    /// Whether hashes wait to be asked for.
    var hasHashes: Bool { !hashes.isEmpty }

    /// Whether so many hashes wait that no further entries should be planned.
    var isHeld: Bool { hashes.count >= Self.mostHashesWaiting }

    private mutating func closeRun() {
        guard !open.isEmpty else { return }
        runs.append(PlannedRun(subject: .pieces(open)))
        open.removeAll(keepingCapacity: true)
        openBytes = 0
    }

    /// Goes on with the files at hand until a run is ready or all are planned.
    private mutating func planFiles() {
        while runs.isEmpty, var file = files.popFirst() {
            if file.isOutOfOrder, file.next == 0 { closeRun() }
            plan(&file)
            if file.next < file.layout.pieceCount {
                files.prepend(file)
            } else if file.isOutOfOrder {
                closeRun()
            }
        }
    }

    private mutating func plan(_ file: inout Unplanned) {
        while runs.isEmpty, let data = file.layout.dataRun(atOrAfter: file.next) {
            file.next = data.lowerBound
            if let claimed = file.claimed, claimed[PieceIndex(file.next)] != nil {
                // A piece left out breaks the run: requests go on without gaps.
                closeRun()
                let first = file.next
                while file.next < data.upperBound, claimed[PieceIndex(file.next)] != nil {
                    file.next += 1
                }
                hashes.append((file.file, first..<file.next))
                continue
            }
            let piece = PieceIndex(file.next)
            let length = file.layout.pieceLength(piece) ?? 0
            open.append(PlannedRun.Piece(file: file.file, piece: piece, length: length))
            openBytes += length
            file.next += 1
            if openBytes >= Self.maximumRunBytes || open.count >= Self.maximumRunPieces {
                closeRun()
            }
        }
        if file.layout.dataRun(atOrAfter: file.next) == nil { file.next = file.layout.pieceCount }
    }
}

extension PlannedRun {
    /// The pieces of the listing itself in one run.
    static let listingRunPieces: UInt64 = 16

    /// The run of a listing's pieces that begins at `start`; nil behind its end.
    static func listing(length: UInt64, from start: UInt64) -> PlannedRun? {
        let end = min(PieceGeometry.pieceCount(of: length), start + listingRunPieces)
        guard start < end else { return nil }
        let pieces = (start..<end).map { index in
            let piece = PieceIndex(index)
            return Piece(
                file: .listing, piece: piece,
                length: PieceGeometry.pieceLength(piece, of: length) ?? 0)
        }
        return PlannedRun(subject: .pieces(pieces))
    }
}

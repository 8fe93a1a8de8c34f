internal import DequeModule
internal import SealiftBase
internal import SealiftContent

/// Cuts what is still wanted into runs that one request can ask for (`docs/PROTOCOL.md` §7.3).
///
/// A run goes on through files in listing order as long as no wanted piece is left out, so that
/// thousands of small files cost one request; it ends at a size that keeps the window fine-grained.
struct ReceiverPlanner: Sendable {
    /// The most content bytes in a run: small against the window, large against a message.
    static let maximumRunBytes = 4 << 20
    /// The most pieces in a run.
    static let maximumRunPieces = 512

    /// The listing, read a second time as the plan goes on.
    var walker: ListingWalker
    private var runs: Deque<PlannedRun> = []
    private var open: [PlannedRun.Piece] = []
    private var openBytes = 0
    /// Pieces of the file being planned, from the next one on; nil between files.
    private var rest: (file: FileIndex, facts: FileEntry, next: UInt64, claimed: PieceHashes?)?
    /// Whether the listing was walked to its end; what is planned again still comes.
    private(set) var isAtEnd = false

    init(listingLength: UInt64) {
        walker = ListingWalker(length: listingLength)
    }

    /// Takes a file with at least one byte.
    mutating func append(_ file: FileIndex, _ facts: FileEntry, claimed: PieceHashes?) {
        rest = (file, facts, 0, claimed)
        planRest()
    }

    /// Takes pieces that must be fetched after all.
    mutating func appendAgain(_ pieces: [PieceIndex], of file: FileIndex, _ facts: FileEntry) {
        var run: [PlannedRun.Piece] = []
        func flush(_ runs: inout Deque<PlannedRun>) {
            if !run.isEmpty { runs.append(PlannedRun(subject: .pieces(run))) }
            run.removeAll()
        }
        for piece in pieces {
            if let last = run.last,
                last.piece.rawValue + 1 != piece.rawValue || run.count >= 16
            {
                flush(&runs)
            }
            run.append(
                PlannedRun.Piece(
                    file: file, piece: piece,
                    length: facts.pieceLayout.pieceLength(piece) ?? 0))
        }
        flush(&runs)
    }

    /// No entry follows: what is open becomes the last run.
    mutating func endOfListing() {
        isAtEnd = true
        closeRun()
    }

    /// Takes the next run; nil where more entries are needed for one, or none are left.
    mutating func popRun() -> PlannedRun? {
        if runs.isEmpty { planRest() }
        return runs.popFirst()
    }

    private mutating func closeRun() {
        guard !open.isEmpty else { return }
        runs.append(PlannedRun(subject: .pieces(open)))
        open.removeAll(keepingCapacity: true)
        openBytes = 0
    }

    /// Goes on with the file at hand until a run is ready or the file is planned.
    private mutating func planRest() {
        guard let current = rest else { return }
        let (file, facts, claimed) = (current.file, current.facts, current.claimed)
        var next = current.next
        let count = PieceGeometry.pieceCount(of: facts.size)
        while next < count, runs.isEmpty {
            let piece = PieceIndex(next)
            guard facts.pieceLayout.isData(piece) else {
                next = facts.pieceLayout.dataRun(atOrAfter: next)?.lowerBound ?? count
                continue
            }
            if let hashes = claimed, hashes[piece] != nil {
                // A piece left out breaks the run: requests go on without gaps.
                closeRun()
                let first = piece
                while next < count, next - first.rawValue < HashRequest.maximumCount,
                    hashes[PieceIndex(next)] != nil
                {
                    next += 1
                }
                runs.append(
                    PlannedRun(
                        subject: .hashes(file, firstPiece: first, count: next - first.rawValue)))
            } else {
                let length = facts.pieceLayout.pieceLength(piece) ?? 0
                open.append(PlannedRun.Piece(file: file, piece: piece, length: length))
                openBytes += length
                next += 1
                if openBytes >= Self.maximumRunBytes || open.count >= Self.maximumRunPieces {
                    closeRun()
                }
            }
        }
        rest = next < count ? (file, facts, next, claimed) : nil
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

import SealiftBase

/// Turns the pieces a receiver lacks into as few requests as can name them: the counterpart of
/// ``RequestCursor``.
///
/// Fed with every entry in listing order, it strings missing pieces together across holes, empty
/// files and directories, so that ten thousand small files are one request; a piece that is already
/// there ends a request. It holds runs, not pieces; the caller feeds on while ``pendingPieces`` is
/// small and so bounds the memory.
public struct RequestPlanner: Sendable {
    /// A request together with what it asks for, in the order of the objects' ids.
    public struct Plan: Hashable, Sendable {
        /// What goes on the wire.
        public let request: PieceRequest
        /// The pieces it names.
        public let runs: [PieceRun]
    }

    private struct Wanted: Sendable {
        var run: PieceRun
        /// Whether no other piece with data lies between the run before and this one.
        var continuesLast: Bool
    }

    private var queue: [Wanted] = []
    private var head = 0

    /// Whether the next missing piece follows the last one queued.
    private var isUnbroken = false

    /// Missing pieces that no request was made for yet.
    public private(set) var pendingPieces: UInt64 = 0

    /// Makes a planner that wants nothing.
    public init() {}

    /// Queues the pieces of `file` that are neither holes nor in `proven`.
    ///
    /// Every entry of the listing is to be fed, in order, from some entry on; ``interrupt()`` stands
    /// for entries that are left out.
    public mutating func feed(
        _ file: FileIndex, layout: PieceLayout, proven: PieceSet = PieceSet()
    ) {
        var next: UInt64 = 0
        while let data = layout.dataRun(atOrAfter: next) {
            var expected = data.lowerBound
            for missing in proven.intervals.gaps(in: data) {
                queue.append(
                    Wanted(
                        run: PieceRun(file: file, pieces: missing),
                        continuesLast: isUnbroken && missing.lowerBound == expected))
                pendingPieces += missing.upperBound - missing.lowerBound
                expected = missing.upperBound
                isUnbroken = true
            }
            if expected < data.upperBound { isUnbroken = false }
            next = data.upperBound
        }
    }

    /// Notes that entries with pieces may lie between what was fed and what will be.
    public mutating func interrupt() {
        isUnbroken = false
    }

    /// Takes the next request, of at most `limit` pieces and at most 65,536; nil when nothing is
    /// missing.
    public mutating func next(atMost limit: UInt64) -> Plan? {
        guard head < queue.count, limit > 0 else { return nil }
        let first = queue[head].run
        var room = min(limit, PieceRequest.maximumCount)
        var runs: [PieceRun] = []
        while room > 0, head < queue.count, runs.isEmpty || queue[head].continuesLast {
            let run = queue[head].run
            let taken = min(room, run.count)
            let middle = run.pieces.lowerBound + taken
            runs.append(PieceRun(file: run.file, pieces: run.pieces.lowerBound..<middle))
            room -= taken
            pendingPieces -= taken
            if taken == run.count {
                head += 1
            } else {
                queue[head] = Wanted(
                    run: PieceRun(file: run.file, pieces: middle..<run.pieces.upperBound),
                    continuesLast: true)
            }
        }
        forgetTaken()
        let count = runs.reduce(0) { $0 + $1.count }
        return Plan(
            request: PieceRequest(
                file: first.file, piece: PieceIndex(first.pieces.lowerBound), count: count),
            runs: runs)
    }

    /// Drops the front of the queue now and then, so that each run is moved once at most.
    private mutating func forgetTaken() {
        guard head > 64, head * 2 > queue.count else { return }
        queue.removeFirst(head)
        head = 0
    }
}

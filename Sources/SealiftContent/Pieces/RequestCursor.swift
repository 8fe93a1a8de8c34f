/// The rule of PROTOCOL §7.3 that a request breaks.
public enum RequestViolation: Error, Hashable, Sendable {
    /// It asks for nothing, or for more than 65,536 pieces.
    case invalidCount
    /// It begins behind the last piece of its file, or in what has no pieces.
    case pieceBeyondEnd
    /// A request for the listing runs past the listing's end.
    case pastListing
    /// It runs past the last entry.
    case pastLastEntry
}

/// Walks the pieces that a request names: holes left out, entries without pieces passed over.
///
/// It holds no listing. The caller looks up the layout of ``file`` and takes runs from it until
/// there is none; then `file` has moved on, or is nil because all pieces were given:
/// ```
/// var cursor = try RequestCursor(request)
/// while let file = cursor.file {
///     let layout = try layoutOfEntry(file) ?? cursor.missingEntry()
///     while let run = try cursor.nextRun(in: layout) { serve(run) }
/// }
/// ```
/// The receiver walks the same way, to know which piece each object is.
public struct RequestCursor: Sendable {
    /// The file whose layout is needed next; nil when all pieces were given.
    public var file: FileIndex? { remaining == 0 ? nil : position }

    /// Pieces not given yet.
    public private(set) var remaining: UInt64

    private var position: FileIndex
    private var piece: UInt64
    private var isAtStart = true

    /// Begins at the first piece of `request`.
    /// - Throws: ``RequestViolation/invalidCount``.
    public init(_ request: PieceRequest) throws(RequestViolation) {
        guard request.count >= 1, request.count <= PieceRequest.maximumCount else {
            throw .invalidCount
        }
        remaining = request.count
        position = request.file
        piece = request.piece.rawValue
    }

    /// The next run in ``file``, whose layout is `layout`; nil when it has no more, and ``file``
    /// moved on.
    /// - Throws: ``RequestViolation/pieceBeyondEnd`` or ``RequestViolation/pastListing``.
    public mutating func nextRun(in layout: PieceLayout) throws(RequestViolation) -> PieceRun? {
        guard remaining > 0 else { return nil }
        if isAtStart {
            guard piece < layout.pieceCount else { throw .pieceBeyondEnd }
            isAtStart = false
        }
        guard let run = layout.dataRun(atOrAfter: piece) else {
            guard position != .listing else { throw .pastListing }
            guard position.rawValue < ListingTotals.maximumEntries else { throw .pastLastEntry }
            position = position.next
            piece = 0
            return nil
        }
        let end = run.lowerBound + min(remaining, run.upperBound - run.lowerBound)
        remaining -= end - run.lowerBound
        piece = end
        return PieceRun(file: position, pieces: run.lowerBound..<end)
    }

    /// Says that the listing has no entry ``file``: the request is longer than what there is.
    /// - Throws: always, ``RequestViolation/pieceBeyondEnd`` for the first file asked for,
    ///   ``RequestViolation/pastLastEntry`` for a later one.
    public func missingEntry() throws(RequestViolation) -> Never {
        throw isAtStart ? .pieceBeyondEnd : .pastLastEntry
    }
}

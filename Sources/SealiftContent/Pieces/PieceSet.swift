public import SealiftBase

/// Which pieces of one file are proven (or wanted, or lost): ranges, not bits, because pieces come
/// nearly in order.
public struct PieceSet: Equatable, Sendable {
    /// The members as ranges of piece numbers.
    public private(set) var intervals = IntervalSet()

    /// Makes an empty set.
    public init() {}

    /// Makes the set of `pieces`.
    public init(_ pieces: Range<UInt64>) {
        intervals.insert(pieces)
    }

    /// How many pieces the set has.
    public var count: UInt64 { intervals.count }

    /// Whether the set has no piece.
    public var isEmpty: Bool { intervals.isEmpty }

    /// Whether `piece` is a member.
    public func contains(_ piece: PieceIndex) -> Bool {
        intervals.contains(piece.rawValue)
    }

    /// Adds `piece`.
    /// - Returns: whether it is new.
    /// - Precondition: it is below 2^64 − 1; the pieces of a file are below 2^46.
    @discardableResult
    public mutating func insert(_ piece: PieceIndex) -> Bool {
        intervals.insert(piece.rawValue)
    }

    /// Adds every piece of `pieces`.
    public mutating func insert(_ pieces: Range<UInt64>) {
        intervals.insert(pieces)
    }

    /// Adds every piece of `other`.
    public mutating func formUnion(_ other: PieceSet) {
        for range in other.intervals.ranges { intervals.insert(range) }
    }

    /// Removes `piece`.
    public mutating func remove(_ piece: PieceIndex) {
        intervals.remove(piece.rawValue..<(piece.rawValue + 1))
    }

    /// Removes every piece of `pieces`.
    public mutating func remove(_ pieces: Range<UInt64>) {
        intervals.remove(pieces)
    }

    /// Whether every piece of a file of this layout is a member or a hole.
    public func completes(_ layout: PieceLayout) -> Bool {
        var next: UInt64 = 0
        while let run = layout.dataRun(atOrAfter: next) {
            guard intervals.contains(run) else { return false }
            next = run.upperBound
        }
        return true
    }

    /// The pieces of a file of this layout that are neither members nor holes, ascending.
    public func missing(from layout: PieceLayout) -> [Range<UInt64>] {
        var missing: [Range<UInt64>] = []
        var next: UInt64 = 0
        while let run = layout.dataRun(atOrAfter: next) {
            missing.append(contentsOf: intervals.gaps(in: run))
            next = run.upperBound
        }
        return missing
    }

    /// Bytes that the members have in a file of this layout; members that are holes count nothing.
    public func dataBytes(in layout: PieceLayout) -> UInt64 {
        var pieces: UInt64 = 0
        var next: UInt64 = 0
        var missing: UInt64 = 0
        while let run = layout.dataRun(atOrAfter: next) {
            pieces += run.upperBound - run.lowerBound
            for gap in intervals.gaps(in: run) { missing += gap.upperBound - gap.lowerBound }
            next = run.upperBound
        }
        guard pieces > missing else { return 0 }
        let whole = (pieces - missing) * UInt64(PieceGeometry.pieceSize)
        // Only the last piece can be short, and it is no hole then.
        let last = layout.pieceCount - 1
        let short = UInt64(PieceGeometry.pieceSize - (layout.pieceLength(PieceIndex(last)) ?? 0))
        return intervals.contains(last) && !layout.holes.contains(PieceIndex(last))
            ? whole - short : whole
    }
}

/// The rule of PROTOCOL §8.2 that stated holes break.
public enum HoleViolation: Error, Hashable, Sendable, CaseIterable {
    /// There are more than 4,096 runs.
    case tooMany
    /// A run holds no piece.
    case empty
    /// A run begins before, or right where, the one before ends.
    case notApart
    /// A run reaches past the file's last full piece.
    case pastEnd
}

/// Runs of whole pieces of one file that are zeros: stated in the listing, never asked for.
///
/// Ascending, apart from each other by at least one piece, and never with the last, partial piece.
public struct HoleRuns: Hashable, Sendable {
    /// Most runs of a file.
    public static let maximumCount = 4_096

    /// The runs, as ranges of piece numbers.
    public let runs: [Range<UInt64>]

    /// No holes.
    public static let none = HoleRuns(checked: [])

    private init(checked runs: [Range<UInt64>]) {
        self.runs = runs
    }

    /// Checks `runs` as holes of a file of `size` bytes.
    /// - Throws: the first rule that is broken.
    public init(_ runs: [Range<UInt64>], size: UInt64) throws(HoleViolation) {
        guard runs.count <= Self.maximumCount else { throw .tooMany }
        var end: UInt64?
        for run in runs {
            guard !run.isEmpty else { throw .empty }
            if let end, run.lowerBound <= end { throw .notApart }
            guard run.upperBound <= PieceGeometry.fullPieceCount(of: size) else { throw .pastEnd }
            end = run.upperBound
        }
        self.runs = runs
    }

    /// The holes of a file of `size` bytes whose file system reports `byteRanges` as holes,
    /// ascending: rounded inwards to whole pieces, and the 4,096 longest if there are more. The
    /// others travel as pieces of zeros, which costs a few bytes each.
    ///
    /// Memory stays bounded however many ranges there are.
    public init(enclosedBy byteRanges: some Sequence<Range<UInt64>>, size: UInt64) {
        let pieceSize = UInt64(PieceGeometry.pieceSize)
        let limit = PieceGeometry.fullPieceCount(of: size)
        var runs: [Range<UInt64>] = []
        for range in byteRanges where !range.isEmpty {
            let start = PieceGeometry.pieceCount(of: range.lowerBound)
            let end = min(range.upperBound / pieceSize, limit)
            guard start < end else { continue }
            if let last = runs.last, start <= last.upperBound {
                runs[runs.count - 1] = last.lowerBound..<max(end, last.upperBound)
            } else {
                runs.append(start..<end)
            }
            if runs.count == 4 * Self.maximumCount { Self.keepLongest(&runs) }
        }
        Self.keepLongest(&runs)
        self.runs = runs
    }

    private static func keepLongest(_ runs: inout [Range<UInt64>]) {
        guard runs.count > maximumCount else { return }
        runs.sort { ($0.upperBound - $0.lowerBound) > ($1.upperBound - $1.lowerBound) }
        runs.removeLast(runs.count - maximumCount)
        runs.sort { $0.lowerBound < $1.lowerBound }
    }

    /// Whether there is no hole.
    public var isEmpty: Bool { runs.isEmpty }

    /// Pieces in all runs together.
    public var pieceCount: UInt64 {
        runs.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
    }

    /// Whether `piece` lies in a hole.
    public func contains(_ piece: PieceIndex) -> Bool {
        let index = firstRunIndex(endingAfter: piece.rawValue)
        return index < runs.count && runs[index].contains(piece.rawValue)
    }

    /// Whether the runs could be holes of a file of `size` bytes.
    func fit(size: UInt64) -> Bool {
        guard let last = runs.last else { return true }
        return last.upperBound <= PieceGeometry.fullPieceCount(of: size)
    }

    /// The index of the first run whose end lies above `piece`; `runs.count` if there is none.
    func firstRunIndex(endingAfter piece: UInt64) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].upperBound > piece { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

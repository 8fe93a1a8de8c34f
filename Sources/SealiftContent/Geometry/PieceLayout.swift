/// Which pieces a file has, and which of them are holes: all that requests need to know of a file.
public struct PieceLayout: Hashable, Sendable {
    /// Bytes of the file.
    public let length: UInt64

    /// Runs of whole pieces that are zeros and are never asked for.
    public let holes: HoleRuns

    /// Makes the layout of a file of `length` bytes.
    /// - Precondition: `holes` lie within the file's full pieces, as ``HoleRuns`` checks on the way in.
    public init(length: UInt64, holes: HoleRuns = .none) {
        precondition(holes.fit(size: length), "holes reach past the file")
        self.length = length
        self.holes = holes
    }

    /// The layout of what has no pieces: directories, links, empty files.
    public static let empty = PieceLayout(length: 0)

    /// Pieces of the file, holes included.
    public var pieceCount: UInt64 { PieceGeometry.pieceCount(of: length) }

    /// Pieces of the file that are no holes.
    public var dataPieceCount: UInt64 { pieceCount - holes.pieceCount }

    /// Bytes of the file that are no holes.
    public var dataBytes: UInt64 { length - holes.pieceCount * UInt64(PieceGeometry.pieceSize) }

    /// Bytes of piece `index`; nil behind the last.
    public func pieceLength(_ index: PieceIndex) -> Int? {
        PieceGeometry.pieceLength(index, of: length)
    }

    /// The first run of pieces at or behind `piece` that are no holes, up to the next hole or the
    /// file's end; nil when only holes, or nothing, follow.
    public func dataRun(atOrAfter piece: UInt64) -> Range<UInt64>? {
        var start = piece
        var next = holes.firstRunIndex(endingAfter: start)
        if next < holes.runs.count, holes.runs[next].contains(start) {
            start = holes.runs[next].upperBound
            next += 1
        }
        let end = next < holes.runs.count ? holes.runs[next].lowerBound : pieceCount
        return start < end ? start..<end : nil
    }
}

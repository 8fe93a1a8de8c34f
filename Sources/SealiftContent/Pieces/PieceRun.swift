/// Neighbouring pieces of one file, none of them a hole.
public struct PieceRun: Hashable, Sendable {
    /// The file.
    public let file: FileIndex

    /// The numbers of its pieces; never empty.
    public let pieces: Range<UInt64>

    /// Puts the two parts together.
    public init(file: FileIndex, pieces: Range<UInt64>) {
        self.file = file
        self.pieces = pieces
    }

    /// How many pieces the run has.
    public var count: UInt64 { pieces.upperBound - pieces.lowerBound }
}

/// What a *request* asks for: `count` pieces, beginning with `piece` of `file` and going on in
/// listing order, holes left out (PROTOCOL §7.3).
public struct PieceRequest: Hashable, Sendable {
    /// Most pieces of one request.
    public static let maximumCount: UInt64 = 65_536

    /// The file of the first piece.
    public let file: FileIndex
    /// The first piece.
    public let piece: PieceIndex
    /// How many pieces.
    public let count: UInt64

    /// Puts the parts together.
    public init(file: FileIndex, piece: PieceIndex, count: UInt64) {
        self.file = file
        self.piece = piece
        self.count = count
    }
}

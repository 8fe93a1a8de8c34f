public import SealiftBase

/// The hashes known so far of one file's pieces, in any order.
///
/// Memory follows what is known, not the file's length: hashes live in chunks of 4,096 (128 KiB, for
/// a gibibyte of content), made when their first hash arrives and no longer than the file, so a sparse
/// file of tebibytes costs what its data costs, and a small file costs its own hash. Holes need no hash: theirs is ``ZeroPiece/hash``.
public struct PieceHashes: Sendable {
    private static let chunkSize: UInt64 = 4_096

    /// The file's pieces.
    public let layout: PieceLayout
    /// Pieces whose hash is not known yet, holes not counted.
    public private(set) var missingCount: UInt64
    // `Hash256.zero` stands for "not known": no SHA-256 value anybody can find is zero.
    private var chunks: [UInt64: [Hash256]] = [:]

    /// Makes a table that knows nothing but the holes.
    public init(layout: PieceLayout) {
        self.layout = layout
        missingCount = layout.dataPieceCount
    }

    /// Whether every hash is known.
    public var isComplete: Bool { missingCount == 0 }

    /// Whether no hash is known.
    public var isEmpty: Bool { missingCount == layout.dataPieceCount }

    /// The hash of `piece`, or nil while it is not known.
    public subscript(piece: PieceIndex) -> Hash256? {
        guard piece.rawValue < layout.pieceCount else { return nil }
        let (chunk, offset) = piece.rawValue.quotientAndRemainder(dividingBy: Self.chunkSize)
        if let hash = chunks[chunk]?[Int(offset)], hash != .zero { return hash }
        return layout.isData(piece) ? nil : ZeroPiece.hash
    }

    /// Notes the hash of `piece`; a hash noted before is replaced, a hole is left alone.
    /// - Precondition: the file has such a piece.
    public mutating func set(_ hash: Hash256, for piece: PieceIndex) {
        precondition(piece.rawValue < layout.pieceCount, "the file has no such piece")
        guard layout.isData(piece) else { return }
        let (chunk, offset) = piece.rawValue.quotientAndRemainder(dividingBy: Self.chunkSize)
        let old = chunks[chunk]?[Int(offset)] ?? .zero
        let length = min(Self.chunkSize, layout.pieceCount - chunk * Self.chunkSize)
        chunks[chunk, default: Array(repeating: .zero, count: Int(length))][Int(offset)] = hash
        if old == .zero { missingCount -= 1 }
    }

    /// Forgets the hash of `piece`.
    public mutating func remove(_ piece: PieceIndex) {
        guard piece.rawValue < layout.pieceCount else { return }
        let (chunk, offset) = piece.rawValue.quotientAndRemainder(dividingBy: Self.chunkSize)
        guard let old = chunks[chunk]?[Int(offset)], old != .zero else { return }
        chunks[chunk]?[Int(offset)] = .zero
        missingCount += 1
    }

    /// The first piece of data at or behind `start` whose hash is not known; nil where none is.
    public func firstMissing(from start: PieceIndex = .first) -> PieceIndex? {
        var next = start.rawValue
        while let run = layout.dataRun(atOrAfter: next) {
            for piece in run where self[PieceIndex(piece)] == nil { return PieceIndex(piece) }
            next = run.upperBound
        }
        return nil
    }

    /// The root of the file, or nil while a hash is missing or where the file is empty.
    public func root() -> Hash256? {
        guard isComplete, layout.length > 0 else { return nil }
        var accumulator = RootAccumulator()
        var next: UInt64 = 0
        while let run = layout.dataRun(atOrAfter: next) {
            accumulator.appendZeroPieces(count: run.lowerBound - next)
            for piece in run {
                guard let hash = self[PieceIndex(piece)] else { return nil }
                accumulator.append(hash)
            }
            next = run.upperBound
        }
        accumulator.appendZeroPieces(count: layout.pieceCount - next)
        return accumulator.finalize(length: layout.length)
    }
}

extension PieceLayout {
    /// Whether `piece` is data: it exists and is not part of a hole.
    public func isData(_ piece: PieceIndex) -> Bool {
        dataRun(atOrAfter: piece.rawValue)?.lowerBound == piece.rawValue
    }
}

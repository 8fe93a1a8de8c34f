public import SealiftBase

/// A file's piece hashes as they stand in a cache record, read in chunks of any size and proven by
/// the root: a table that is damaged anywhere gives another root.
public struct PieceHashTableVerifier: Sendable {
    private let content: ContentID
    private var accumulator = RootAccumulator()
    private var zeroPieces: UInt64 = 0
    private var partial: [UInt8] = []
    private var isTooLong = false

    /// Makes the verifier of the table behind `header`.
    public init(header: PieceHashCacheHeader) {
        content = header.content
    }

    /// Takes the next bytes of the table.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        if !partial.isEmpty {
            let taken = rest.prefix(Hash256.byteCount - partial.count)
            partial.append(contentsOf: taken)
            rest = rest.dropFirst(taken.count)
            if let hash = Hash256(partial) {
                partial = []
                take(hash)
            }
        }
        while let hash = Hash256(UnsafeRawBufferPointer(rebasing: rest.prefix(Hash256.byteCount))) {
            take(hash)
            rest = rest.dropFirst(Hash256.byteCount)
        }
        partial.append(contentsOf: rest)
    }

    /// Takes `count` pieces of zeros without their bytes: a hole of the record's file.
    public mutating func feedZeroPieces(count: UInt64) {
        let room = PieceGeometry.pieceCount(of: content.length) - pieceCount
        guard count <= room, partial.isEmpty else {
            isTooLong = true
            return
        }
        zeroPieces += count
    }

    /// Whether the table is whole and is the one of the header's root.
    public func isProven() -> Bool {
        guard !isTooLong, partial.isEmpty,
            pieceCount == PieceGeometry.pieceCount(of: content.length)
        else { return false }
        var complete = accumulator
        complete.appendZeroPieces(count: zeroPieces)
        return complete.finalize(length: content.length) == content.root
    }

    private var pieceCount: UInt64 { accumulator.pieceCount + zeroPieces }

    private mutating func take(_ hash: Hash256) {
        guard pieceCount < PieceGeometry.pieceCount(of: content.length) else {
            isTooLong = true
            return
        }
        if hash == .zero {
            zeroPieces += 1
        } else {
            accumulator.appendZeroPieces(count: zeroPieces)
            zeroPieces = 0
            accumulator.append(hash)
        }
    }
}

/// One hash of a cache record's table.
public enum PieceHashTable {
    /// The 32 bytes that stand for `hash`: zeros for a full piece of zeros, so that a sparse file has
    /// a sparse record.
    public static func stored(_ hash: Hash256) -> Hash256 {
        hash == ZeroPiece.hash ? .zero : hash
    }

    /// The hash that `stored` stands for.
    public static func hash(_ stored: Hash256) -> Hash256 {
        stored == .zero ? ZeroPiece.hash : stored
    }
}

/// How a length is cut into blocks (the leaves of the hash tree) and pieces (the unit of request,
/// proof and journal). PROTOCOL §7.2 and §8.1.
///
/// Every function accepts every 64-bit length and index, so that numbers of a peer may be passed
/// straight in.
public enum PieceGeometry {
    /// Bytes of a block: 16 KiB, fixed by BEP 52.
    public static let blockSize = 16_384

    /// Blocks of a full piece.
    public static let blocksPerPiece = 16

    /// Bytes of a full piece: 256 KiB.
    public static let pieceSize = blockSize * blocksPerPiece

    /// Pieces of a file of `length` bytes; 0 for an empty file.
    public static func pieceCount(of length: UInt64) -> UInt64 {
        quotientRoundedUp(length, UInt64(pieceSize))
    }

    /// Blocks of a file of `length` bytes; 0 for an empty file.
    public static func blockCount(of length: UInt64) -> UInt64 {
        quotientRoundedUp(length, UInt64(blockSize))
    }

    /// Pieces of a file of `length` bytes that have all their 262,144 bytes.
    public static func fullPieceCount(of length: UInt64) -> UInt64 {
        length / UInt64(pieceSize)
    }

    /// The bytes of a file of `length` bytes that piece `index` covers; nil behind the last piece.
    public static func byteRange(of index: PieceIndex, in length: UInt64) -> Range<UInt64>? {
        guard index.rawValue < pieceCount(of: length) else { return nil }
        let start = index.rawValue * UInt64(pieceSize)
        return start..<(start + min(UInt64(pieceSize), length - start))
    }

    /// How many bytes piece `index` of a file of `length` bytes has, 1 to 262,144; nil behind the
    /// last piece.
    public static func pieceLength(_ index: PieceIndex, of length: UInt64) -> Int? {
        guard let range = byteRange(of: index, in: length) else { return nil }
        return Int(range.upperBound - range.lowerBound)
    }

    private static func quotientRoundedUp(_ value: UInt64, _ divisor: UInt64) -> UInt64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder == 0 ? quotient : quotient + 1
    }
}

public import SealiftBase
import SealiftCrypto

/// Pieces that hold only zeros: they never travel, both ends know their hashes.
public enum ZeroPiece {
    /// The hash of a full piece of zeros.
    public static let hash: Hash256 = PieceHasher.reduce(
        [Hash256](repeating: zeroBlock, count: PieceGeometry.blocksPerPiece))

    private static let zeroBlock = zeroBlock(byteCount: PieceGeometry.blockSize)

    private static func zeroBlock(byteCount: Int) -> Hash256 {
        SHA256Digest.hash([UInt8](repeating: 0, count: byteCount))
    }

    /// The hash of piece `index` of a file of `length` bytes if all its bytes are zeros; nil behind
    /// the last piece. Costs one block's hash for a partial piece, nothing for a full one.
    public static func hash(of index: PieceIndex, in length: UInt64) -> Hash256? {
        guard let bytes = PieceGeometry.pieceLength(index, of: length) else { return nil }
        if bytes == PieceGeometry.pieceSize { return hash }
        let (fullBlocks, tail) = bytes.quotientAndRemainder(dividingBy: PieceGeometry.blockSize)
        var leaves = [Hash256](repeating: zeroBlock, count: fullBlocks)
        if tail > 0 { leaves.append(zeroBlock(byteCount: tail)) }
        let width = PieceHasher.leafCount(
            blocks: leaves.count, isOnlyPiece: PieceGeometry.pieceCount(of: length) == 1)
        leaves.append(contentsOf: repeatElement(.zero, count: width - leaves.count))
        return PieceHasher.reduce(leaves)
    }

    /// Whether all of `bytes` are zero; true for none. Stops at the first word that is not.
    public static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // 64 bytes a step: the or of eight words vectorises, and data leaves at the first step.
        let step = 64
        var offset = 0
        while offset + step <= bytes.count {
            var bits: UInt64 = 0
            for word in 0..<8 {
                bits |= bytes.loadUnaligned(fromByteOffset: offset + word * 8, as: UInt64.self)
            }
            if bits != 0 { return false }
            offset += step
        }
        while offset < bytes.count {
            if bytes[offset] != 0 { return false }
            offset += 1
        }
        return true
    }
}

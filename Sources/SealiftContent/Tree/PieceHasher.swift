public import SealiftBase
import SealiftCrypto

/// The hash of one piece: the root of the SHA-256 tree over its blocks (PROTOCOL §8.1, BEP 52).
public enum PieceHasher {
    /// The hash of a piece of `bytes`, 0 to 262,144 of them; 32 zero bytes for none.
    ///
    /// Missing leaves are 32 zero bytes: up to sixteen leaves in a file of several pieces, up to the
    /// next power of two of its own blocks in a file of one (`isOnlyPiece`). A full piece has the same
    /// hash either way. The leaves live on the stack; nothing is allocated.
    /// - Precondition: there are at most 262,144 bytes.
    public static func hash(_ bytes: UnsafeRawBufferPointer, isOnlyPiece: Bool) -> Hash256 {
        precondition(bytes.count <= PieceGeometry.pieceSize, "a piece has at most 262,144 bytes")
        guard bytes.count > 0 else { return .zero }
        let blocks = (bytes.count - 1) / PieceGeometry.blockSize + 1
        let width = leafCount(blocks: blocks, isOnlyPiece: isOnlyPiece)
        return withUnsafeTemporaryAllocation(of: Hash256.self, capacity: width) { leaves in
            leaves.initialize(repeating: .zero)
            SHA256Digest.hashBlocks(
                of: bytes, blockSize: PieceGeometry.blockSize,
                into: UnsafeMutableBufferPointer(rebasing: leaves[..<blocks]))
            return reduce(leaves)
        }
    }

    /// How many leaves the tree of a piece of `blocks` blocks has.
    static func leafCount(blocks: Int, isOnlyPiece: Bool) -> Int {
        guard isOnlyPiece else { return PieceGeometry.blocksPerPiece }
        var width = 1
        while width < blocks { width *= 2 }
        return width
    }

    /// The root over a power of two of leaves, which are overwritten.
    private static func reduce(_ leaves: UnsafeMutableBufferPointer<Hash256>) -> Hash256 {
        var width = leaves.count
        while width > 1 {
            width /= 2
            for index in 0..<width {
                leaves[index] = SHA256Digest.hash(leaves[2 * index], leaves[2 * index + 1])
            }
        }
        return leaves[0]
    }

    /// The root over a power of two of leaves.
    static func reduce(_ leaves: [Hash256]) -> Hash256 {
        var scratch = leaves
        return scratch.withUnsafeMutableBufferPointer { reduce($0) }
    }
}

public import SealiftBase
import SealiftCrypto

/// Turns piece hashes, appended in order, into a file's root (PROTOCOL §8.1) while it holds only
/// one hash per height of the tree: a 5 TiB file needs 25.
///
/// Works like a binary counter: after n pieces there is one complete subtree for each bit set in n,
/// the largest first. A run of zero pieces is added as a few large subtrees whose roots are known,
/// so a sparse file costs its data, never its size.
public struct RootAccumulator: Sendable {
    /// The roots of the complete subtrees, the largest first; their sizes are the bits of
    /// ``pieceCount``.
    private var subtrees: [Hash256] = []

    /// Pieces appended so far.
    public private(set) var pieceCount: UInt64 = 0

    /// Makes an accumulator without pieces.
    public init() {}

    /// Appends the hash of the next piece.
    public mutating func append(_ piece: Hash256) {
        append(subtree: piece, level: 0)
    }

    /// Appends `count` full pieces of zeros, in O(log count) steps.
    public mutating func appendZeroPieces(count: UInt64) {
        var left = count
        while left > 0 {
            // The largest subtree that fits the run and begins where such a subtree may begin.
            let fitting = UInt64.bitWidth - 1 - left.leadingZeroBitCount
            let level = min(
                fitting, pieceCount.trailingZeroBitCount, UniformSubtrees.highestLevel)
            append(subtree: UniformSubtrees.zeroPieces[level], level: level)
            left -= 1 << UInt64(level)
        }
    }

    private mutating func append(subtree: Hash256, level: Int) {
        var node = subtree
        var height = level
        while (pieceCount >> UInt64(height)) & 1 == 1 {
            node = SHA256Digest.hash(subtrees.removeLast(), node)
            height += 1
        }
        subtrees.append(node)
        pieceCount += 1 << UInt64(level)
    }

    /// The root of the content of `length` bytes whose pieces were all appended; 32 zero bytes for
    /// empty content. Changes nothing.
    /// - Precondition: exactly the pieces of `length` bytes were appended. A lone piece's hash was
    ///   taken as that of an only piece.
    public func finalize(length: UInt64) -> Hash256 {
        precondition(
            pieceCount == PieceGeometry.pieceCount(of: length), "pieces do not make up the length")
        guard var node = subtrees.last else { return .zero }
        // Climb from the smallest subtree: it is a right child where the count has a bit set, else a
        // left child with nothing but missing pieces beside it.
        var left = subtrees.dropLast()
        var level = pieceCount.trailingZeroBitCount
        var isLowest = true
        while !left.isEmpty || (pieceCount > 1 << UInt64(level)) {
            if !isLowest, (pieceCount >> UInt64(level)) & 1 == 1 {
                node = SHA256Digest.hash(left.removeLast(), node)
            } else {
                node = SHA256Digest.hash(node, UniformSubtrees.missingPieces[level])
            }
            isLowest = false
            level += 1
        }
        return node
    }

    /// The root of content that lies in memory whole: a listing page, a manifest, a link's target.
    public static func root(ofBytes bytes: some Collection<UInt8>) -> Hash256 {
        var hasher = ContentHasher()
        hasher.update(bytes)
        return hasher.finalize().root
    }
}

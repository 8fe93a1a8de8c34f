import SealiftBase
import SealiftCrypto

/// The roots of subtrees whose pieces all have one hash, for every height: what lets a run of any
/// number of equal pieces be hashed in as many steps as its number has bits.
struct UniformSubtrees: Sendable {
    /// `roots[n]` covers 2^n pieces.
    private let roots: [Hash256]

    /// A 64-bit length has fewer than 2^47 pieces.
    private static let height = 48

    /// Hashes the subtrees over `piece`.
    init(piece: Hash256) {
        var roots = [piece]
        while roots.count < Self.height {
            let child = roots[roots.count - 1]
            roots.append(SHA256Digest.hash(child, child))
        }
        self.roots = roots
    }

    /// The root over 2^`level` pieces.
    subscript(level: Int) -> Hash256 { roots[level] }

    /// The tallest subtree there is.
    static var highestLevel: Int { height - 1 }

    /// Pieces of zeros, that is of data.
    static let zeroPieces = UniformSubtrees(piece: ZeroPiece.hash)

    /// Missing pieces, behind a file's end: the root of 16 missing leaves.
    static let missingPieces = UniformSubtrees(
        piece: PieceHasher.reduce(
            [Hash256](repeating: .zero, count: PieceGeometry.blocksPerPiece)))
}

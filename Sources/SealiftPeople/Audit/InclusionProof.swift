public import SealiftBase

/// Shows that an entry stands at a position of a log, to who knows the log's size and root
/// (RFC 9162 §2.1.3).
public struct InclusionProof: Hashable, Sendable {
    /// The entry's position; the first is 0.
    public let index: UInt64
    /// How many entries the log has.
    public let size: UInt64
    /// The roots of the subtrees beside the way from the entry up to the root.
    public let path: [Hash256]

    /// Takes a proof that somebody made.
    public init(index: UInt64, size: UInt64, path: [Hash256]) {
        self.index = index
        self.size = size
        self.path = path
    }

    /// Whether it leads from `leaf` to `root` (RFC 9162 §2.1.3.2).
    public func isValid(leaf: Hash256, root: Hash256) -> Bool {
        guard index < size else { return false }
        var (position, last) = (index, size - 1)
        var node = leaf
        for sibling in path {
            guard last > 0 else { return false }
            if position & 1 == 1 || position == last {
                node = LogHash.node(sibling, node)
                // Levels at which the right edge has no sibling.
                while position & 1 == 0, position != 0 {
                    position >>= 1
                    last >>= 1
                }
            } else {
                node = LogHash.node(node, sibling)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 && node == root
    }
}

public import SealiftBase

/// Shows that a log only grew: that it begins with an earlier log, entry by entry (RFC 9162 §2.1.4).
public struct ConsistencyProof: Hashable, Sendable {
    /// How many entries the earlier log has; at least 1.
    public let earlier: UInt64
    /// How many entries the log has.
    public let size: UInt64
    /// The roots that both logs are rebuilt from.
    public let path: [Hash256]

    /// Takes a proof that somebody made.
    public init(earlier: UInt64, size: UInt64, path: [Hash256]) {
        self.earlier = earlier
        self.size = size
        self.path = path
    }

    /// Whether it leads to both roots (RFC 9162 §2.1.4.2).
    public func isValid(earlierRoot: Hash256, root: Hash256) -> Bool {
        guard earlier > 0, earlier <= size else { return false }
        if earlier == size { return path.isEmpty && earlierRoot == root }
        // Where the earlier log is one full subtree, its root is the first of the path.
        let isFullSubtree = earlier.nonzeroBitCount == 1
        let nodes = isFullSubtree ? [earlierRoot] + path : path
        guard let first = nodes.first else { return false }
        let shift = (~(earlier - 1)).trailingZeroBitCount
        var (position, last) = ((earlier - 1) >> shift, (size - 1) >> shift)
        var (earlierNode, node) = (first, first)
        for sibling in nodes.dropFirst() {
            guard last > 0 else { return false }
            if position & 1 == 1 || position == last {
                earlierNode = LogHash.node(sibling, earlierNode)
                node = LogHash.node(sibling, node)
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
        return last == 0 && earlierNode == earlierRoot && node == root
    }
}

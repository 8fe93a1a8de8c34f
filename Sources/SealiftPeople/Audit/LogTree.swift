public import SealiftBase

/// A tree log over entry hashes that are all at hand: what proofs are made from (RFC 9162 §2.1).
public struct LogTree: Sendable {
    /// The hashes of the entries, oldest first.
    public private(set) var leaves: [Hash256]

    /// A log of these entry hashes.
    public init(leaves: [Hash256] = []) {
        self.leaves = leaves
    }

    /// How many entries the log has.
    public var size: Int { leaves.count }

    /// Adds an entry.
    public mutating func append(_ entry: [UInt8]) {
        leaves.append(LogHash.leaf(entry))
    }

    /// The root over the first `size` entries; nil where there are fewer.
    public func root(of size: Int) -> Hash256? {
        guard size >= 0, size <= leaves.count else { return nil }
        return root(0..<size)
    }

    /// The root over all entries.
    public var root: Hash256 { root(leaves.indices) }

    /// Proves that the entry at `index` is in the log of the first `size` entries (RFC 9162 §2.1.3.1).
    /// - Returns: nil where there is no such entry or no such log.
    public func inclusionProof(of index: Int, in size: Int) -> InclusionProof? {
        guard index >= 0, index < size, size <= leaves.count else { return nil }
        var path: [Hash256] = []
        var range = 0..<size
        while range.count > 1 {
            let (left, right) = Self.halves(range)
            let (kept, sibling) = left.contains(index) ? (left, right) : (right, left)
            path.append(root(sibling))
            range = kept
        }
        return InclusionProof(index: UInt64(index), size: UInt64(size), path: path.reversed())
    }

    /// Proves that the log of the first `size` entries begins with the log of the first `earlier`
    /// (RFC 9162 §2.1.4.1).
    /// - Returns: nil where there are no such logs; a log without entries has no proof to make.
    public func consistencyProof(from earlier: Int, to size: Int) -> ConsistencyProof? {
        guard earlier > 0, earlier <= size, size <= leaves.count else { return nil }
        var path: [Hash256] = []
        var range = 0..<size
        // Whether the earlier log is the whole subtree looked at: then its root is the verifier's own.
        var isWholeEarlierLog = true
        while range.upperBound != earlier {
            let (left, right) = Self.halves(range)
            if earlier <= left.upperBound {
                path.append(root(right))
                range = left
            } else {
                path.append(root(left))
                range = right
                isWholeEarlierLog = false
            }
        }
        if !isWholeEarlierLog { path.append(root(range)) }
        return ConsistencyProof(
            earlier: UInt64(earlier), size: UInt64(size), path: path.reversed())
    }

    private func root(_ range: Range<Int>) -> Hash256 {
        var frontier = LogFrontier()
        for leaf in leaves[range] { frontier.append(leaf) }
        return frontier.root
    }

    /// Splits at the largest power of two that is smaller than the number of entries.
    private static func halves(_ range: Range<Int>) -> (Range<Int>, Range<Int>) {
        let split = 1 << (Int.bitWidth - 1 - (range.count - 1).leadingZeroBitCount)
        let middle = range.lowerBound + split
        return (range.lowerBound..<middle, middle..<range.upperBound)
    }
}

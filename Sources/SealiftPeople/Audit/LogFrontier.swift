public import SealiftBase

/// The right edge of a tree log: all that is needed to append an entry and to know the root, however
/// long the log is.
///
/// It holds the roots of the full subtrees that the log is made of, largest first: one for each bit
/// set in the number of entries.
public struct LogFrontier: Hashable, Sendable {
    /// How many entries the log has.
    public private(set) var size: UInt64
    /// The roots of the full subtrees, largest first; as many as `size` has bits set.
    public private(set) var peaks: [Hash256]

    /// A log without entries.
    public init() {
        size = 0
        peaks = []
    }

    /// A frontier that was stored; nil where the peaks are not as many as `size` wants. Whether they
    /// are the right ones shows when ``root`` is compared with a signed checkpoint.
    public init?(size: UInt64, peaks: [Hash256]) {
        guard peaks.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.peaks = peaks
    }

    /// Adds the entry whose hash is `leaf`.
    public mutating func append(_ leaf: Hash256) {
        var node = leaf
        // Each full subtree of the same height as the new one joins it, like a carry.
        for _ in 0..<(~size).trailingZeroBitCount {
            node = LogHash.node(peaks.removeLast(), node)
        }
        peaks.append(node)
        size += 1
    }

    /// The root over all entries (RFC 9162 §2.1.1).
    public var root: Hash256 {
        guard var root = peaks.last else { return LogHash.empty }
        for peak in peaks.dropLast().reversed() { root = LogHash.node(peak, root) }
        return root
    }
}

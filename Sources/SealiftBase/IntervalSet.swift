/// A set of unsigned integers, kept as disjoint, non-adjacent, ascending half-open ranges.
///
/// Serves packet numbers received, stream bytes that came out of order and pieces already proven.
/// Every operation costs the number of *ranges*, never the number of integers, so a caller that
/// faces a peer bounds ``rangeCount``.
public struct IntervalSet: Equatable, Sendable {
    /// The ranges, ascending; none is empty, none touches the next.
    public private(set) var ranges: [Range<UInt64>] = []

    /// Makes an empty set.
    public init() {}

    /// Makes the set that holds exactly `range`.
    public init(_ range: Range<UInt64>) {
        insert(range)
    }

    /// How many separate ranges the set has.
    public var rangeCount: Int { ranges.count }

    /// Whether the set holds nothing.
    public var isEmpty: Bool { ranges.isEmpty }

    /// How many integers the set holds.
    public var count: UInt64 {
        ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
    }

    /// The smallest and largest members, or nil when empty.
    public var bounds: ClosedRange<UInt64>? {
        guard let first = ranges.first, let last = ranges.last else { return nil }
        return first.lowerBound...(last.upperBound - 1)
    }

    /// The index of the first range whose end lies above `value`; `ranges.count` if there is none.
    private func firstIndex(endingAfter value: UInt64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound > value { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Whether `value` is a member.
    public func contains(_ value: UInt64) -> Bool {
        let index = firstIndex(endingAfter: value)
        return index < ranges.count && ranges[index].lowerBound <= value
    }

    /// Whether every member of `range` is a member; an empty range always is.
    public func contains(_ range: Range<UInt64>) -> Bool {
        guard !range.isEmpty else { return true }
        let index = firstIndex(endingAfter: range.lowerBound)
        return index < ranges.count && ranges[index].lowerBound <= range.lowerBound
            && ranges[index].upperBound >= range.upperBound
    }

    /// Whether `range` overlaps a member range or lies next to one, so that adding it makes no further
    /// range.
    public func adjoins(_ range: Range<UInt64>) -> Bool {
        let index = range.lowerBound == 0 ? 0 : firstIndex(endingAfter: range.lowerBound - 1)
        return index < ranges.count && ranges[index].lowerBound <= range.upperBound
    }

    /// Adds one value.
    /// - Returns: whether it is new.
    @discardableResult
    public mutating func insert(_ value: UInt64) -> Bool {
        // The next in order is by far the most common: extend the last range in place.
        if let last = ranges.indices.last, ranges[last].upperBound == value {
            ranges[last] = ranges[last].lowerBound..<(value + 1)
            return true
        }
        guard !contains(value) else { return false }
        insert(value..<(value + 1))
        return true
    }

    /// Adds every value of `range`.
    public mutating func insert(_ range: Range<UInt64>) {
        guard !range.isEmpty else { return }
        // What follows the last range is by far the most common: it is extended in place.
        if let last = ranges.indices.last, ranges[last].upperBound == range.lowerBound {
            ranges[last] = ranges[last].lowerBound..<range.upperBound
            return
        }
        // The first range that touches or overlaps: its end is at or above our start.
        let first = range.lowerBound == 0 ? 0 : firstIndex(endingAfter: range.lowerBound - 1)
        var merged = range
        var last = first
        while last < ranges.count, ranges[last].lowerBound <= range.upperBound {
            merged =
                min(
                    merged.lowerBound, ranges[last].lowerBound)..<max(
                    merged.upperBound, ranges[last].upperBound)
            last += 1
        }
        // In place wherever there is a place: the packet path comes here and must not allocate.
        guard first < last else { return ranges.insert(merged, at: first) }
        ranges[first] = merged
        if last > first + 1 { ranges.removeSubrange((first + 1)..<last) }
    }

    /// Removes every value of `range`.
    public mutating func remove(_ range: Range<UInt64>) {
        guard !range.isEmpty else { return }
        let first = firstIndex(endingAfter: range.lowerBound)
        var last = first
        // What stays of the first range, before `range`, and of the last one, behind it.
        var before: Range<UInt64>?
        var behind: Range<UInt64>?
        while last < ranges.count, ranges[last].lowerBound < range.upperBound {
            let old = ranges[last]
            if old.lowerBound < range.lowerBound { before = old.lowerBound..<range.lowerBound }
            if old.upperBound > range.upperBound { behind = range.upperBound..<old.upperBound }
            last += 1
        }
        var place = first
        if let before {
            ranges[place] = before
            place += 1
        }
        if let behind {
            if place < last { ranges[place] = behind } else { ranges.insert(behind, at: place) }
            place += 1
        }
        if place < last { ranges.removeSubrange(place..<last) }
    }

    /// Removes and returns up to `limit` values from the front, as one range; nil when empty.
    public mutating func popFirst(atMost limit: UInt64) -> Range<UInt64>? {
        guard limit > 0, let first = ranges.first else { return nil }
        let end = first.lowerBound + min(limit, first.upperBound - first.lowerBound)
        let popped = first.lowerBound..<end
        if end == first.upperBound {
            ranges.removeFirst()
        } else {
            ranges[0] = end..<first.upperBound
        }
        return popped
    }

    /// Forgets the lowest ranges until at most `limit` are left.
    public mutating func keepHighest(ranges limit: Int) {
        if ranges.count > limit { ranges.removeFirst(ranges.count - limit) }
    }

    /// The values of `range` that are not members, ascending.
    public func gaps(in range: Range<UInt64>) -> [Range<UInt64>] {
        var rest = IntervalSet(range)
        for member in ranges where member.overlaps(range) { rest.remove(member) }
        return rest.ranges
    }
}

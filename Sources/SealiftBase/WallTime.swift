/// A time on the wall, in whole seconds since 1970-01-01 UTC, as the machine's own clock tells it.
///
/// Wall time lies: it may jump, and two machines disagree. Only the side that granted something
/// judges its expiry by it; no key, no floor and no order of events depends on it.
public struct WallTime: Hashable, Comparable, Sendable {
    /// Whole seconds since 1970-01-01 UTC.
    public var secondsSince1970: Int64

    /// Makes the wall time that lies `secondsSince1970` after 1970-01-01 UTC.
    public init(secondsSince1970: Int64) {
        self.secondsSince1970 = secondsSince1970
    }

    /// Whether `left` is earlier.
    public static func < (left: WallTime, right: WallTime) -> Bool {
        left.secondsSince1970 < right.secondsSince1970
    }

    /// The wall time `seconds` later, held at the ends of its range instead of overflowing.
    public func adding(seconds: Int64) -> WallTime {
        let (sum, overflow) = secondsSince1970.addingReportingOverflow(seconds)
        return WallTime(secondsSince1970: overflow ? (seconds < 0 ? .min : .max) : sum)
    }
}

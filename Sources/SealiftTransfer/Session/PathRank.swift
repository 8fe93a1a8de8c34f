/// What kind of way a path is: a better kind is taken whatever it costs in time.
public enum PathRank: Int, Comparable, Sendable {
    /// Through a relay that one of the two users owns.
    case relayed
    /// From machine to machine.
    case direct

    /// Whether `left` is the worse kind.
    public static func < (left: PathRank, right: PathRank) -> Bool {
        left.rawValue < right.rawValue
    }
}

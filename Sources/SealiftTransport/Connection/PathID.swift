/// A way to the other end: one of our sockets together with one remote address.
///
/// Protocol machines compare it and hand it back, and see whether two start from one socket. What the
/// words mean otherwise is the business of whoever owns the sockets; a value rather than an index
/// into a table, so that strangers who send from a million addresses make nobody remember anything.
public struct PathID: Hashable, Sendable {
    /// The owner's three words; the upper sixteen bits of the third name our own end, the socket.
    public let words: (UInt64, UInt64, UInt64)

    /// Makes a path of three words.
    public init(_ first: UInt64, _ second: UInt64, _ third: UInt64) {
        words = (first, second, third)
    }

    /// The path of an end that has one only.
    public static let only = PathID(0, 0, 0)

    /// Whether both start from one socket of ours.
    func startsWhere(_ other: PathID) -> Bool { words.2 >> 48 == other.words.2 >> 48 }

    /// Whether all three words agree.
    public static func == (left: PathID, right: PathID) -> Bool { left.words == right.words }

    /// Feeds the three words.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
    }
}

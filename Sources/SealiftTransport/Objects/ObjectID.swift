/// The number of an object: given by the receiver, 0, 1, 2, … in the order of its requests
/// (PROTOCOL §6.2).
public struct ObjectID: RawRepresentable, Hashable, Comparable, Sendable {
    /// The number on the wire; below 2^62.
    public var rawValue: UInt64

    /// Makes the id with this number.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Makes the id with this number.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Orders by number, which is the order of requests.
    public static func < (left: ObjectID, right: ObjectID) -> Bool {
        left.rawValue < right.rawValue
    }
}

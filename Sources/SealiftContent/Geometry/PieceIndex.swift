/// Which piece of a file: piece i begins at byte 262,144 × i (PROTOCOL §7.2).
public struct PieceIndex: Hashable, Comparable, Sendable {
    /// The number as it stands on the wire.
    public let rawValue: UInt64

    /// Makes the index with the number `rawValue`.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The first piece.
    public static let first = PieceIndex(0)

    /// Whether `left` comes before `right`.
    public static func < (left: PieceIndex, right: PieceIndex) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension PieceIndex: CustomStringConvertible {
    /// The value in a form that is safe to print.
    public var description: String { "piece \(rawValue)" }
}

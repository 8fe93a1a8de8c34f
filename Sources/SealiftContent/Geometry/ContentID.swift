public import SealiftBase

/// The identifier of content everywhere (wire, journal, cache, log, receipt): length and tree root,
/// never a bare root, because the length fixes the depth of the tree (PROTOCOL §8.1).
public struct ContentID: Hashable, Sendable {
    /// Bytes of content.
    public let length: UInt64

    /// The root of the SHA-256 tree of BEP 52; 32 zero bytes for empty content.
    public let root: Hash256

    /// Puts the two parts together.
    public init(length: UInt64, root: Hash256) {
        self.length = length
        self.root = root
    }

    /// The identifier of content without a byte.
    public static let empty = ContentID(length: 0, root: .zero)
}

extension ContentID: CustomStringConvertible {
    /// The value in a form that is safe to print.
    public var description: String { "\(root.hexadecimal)/\(length)" }
}

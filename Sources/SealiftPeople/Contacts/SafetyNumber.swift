internal import SealiftBase
internal import SealiftCrypto

/// Sixty digits that two people compare aloud (`docs/PROTOCOL.md` §11.5): equal at both ends exactly if
/// each has the other's true identity.
///
///     SHA-256("sealift/1 safety number" ‖ u8 0 ‖ lower identity ‖ higher identity)
///     ‖ SHA-256("sealift/1 safety number" ‖ u8 1 ‖ lower identity ‖ higher identity)
///
/// Twelve times five bytes of it, each as a number modulo 100,000. Who stands between the two needs two
/// roots of his own whose numbers with either collide: 2^99 root keys.
public struct SafetyNumber: Hashable, Sendable {
    private static let groupCount = 12

    /// Twelve groups of five digits.
    public let groups: [String]

    /// The number of two identities, in either order.
    public init(_ one: IdentityID, _ other: IdentityID) {
        let ids = min(one, other).value.bytes + max(one, other).value.bytes
        let label = Array("sealift/1 safety number".utf8)
        let bytes =
            SHA256Digest.hash(label + [0] + ids).bytes + SHA256Digest.hash(label + [1] + ids).bytes
        groups = (0..<Self.groupCount).map { group in
            let value = bytes[(group * 5)..<(group * 5 + 5)]
                .reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let digits = String(value % 100_000)
            return String(repeating: "0", count: 5 - digits.utf8.count) + digits
        }
    }

    /// The groups with spaces between them.
    public var text: String { groups.joined(separator: " ") }

    /// Whether `text` is this number, however its digits are grouped.
    public func matches(_ text: String) -> Bool {
        guard text.utf8.count <= 256 else { return false }
        let given = text.unicodeScalars.filter { !$0.properties.isWhitespace && $0 != "-" }
        return given.elementsEqual(groups.joined().unicodeScalars)
    }
}

extension SafetyNumber: CustomStringConvertible {
    /// As ``text``.
    public var description: String { text }
}

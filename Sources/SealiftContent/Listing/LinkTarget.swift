import SealiftBase

/// The rule of PROTOCOL §8.2 that a symbolic link's target breaks.
public enum LinkTargetViolation: Error, Hashable, Sendable, CaseIterable {
    /// It has no byte.
    case empty
    /// It has more than 4,096 bytes.
    case tooLong
    /// It begins with `/`.
    case absolute
    /// It has a control character, a line separator or a paragraph separator.
    case controlCharacter
    /// Its bytes are no UTF-8.
    case notUTF8
    /// It leads out of the first component of the link's path.
    case leavesTree
    /// It has a `..` behind a name.
    case parentAfterName
}

/// The target of a symbolic link that stays within the tree it is part of.
///
/// Resolved by text from the link's place, it never leaves the first component of the link's path.
/// `..` may stand only at the front: there it climbs the link's own parents, which the listing
/// states as directories. Behind a name it would climb from wherever that name leads, and a name may
/// be another link: with `a/b/s → ../..`, the target `s/../..` reads as `a` but leads outside.
public struct LinkTarget: Hashable, Sendable {
    /// Most bytes of a target.
    public static let maximumByteCount = 4_096

    /// The target as UTF-8.
    public let bytes: [UInt8]

    /// Checks `bytes` as the target of a link that lies at `path`.
    /// - Throws: the first rule that is broken.
    public init(
        _ bytes: some Collection<UInt8>, at path: EntryPath
    ) throws(LinkTargetViolation) {
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= Self.maximumByteCount else { throw .tooLong }
        let bytes = Array(bytes)
        guard bytes[0] != UInt8(ascii: "/") else { throw .absolute }
        switch NameText.violation(in: bytes) {
        case .notUTF8: throw .notUTF8
        case .controlCharacter: throw .controlCharacter
        case nil: break
        }
        // How many directories above the target's place belong to the tree.
        var depth = path.depth - 1
        var sawName = false
        for component in bytes.split(separator: UInt8(ascii: "/")) {
            if component.elementsEqual("..".utf8) {
                guard !sawName else { throw .parentAfterName }
                depth -= 1
            } else if !component.elementsEqual(".".utf8) {
                sawName = true
            }
            guard depth >= 1 else { throw .leavesTree }
        }
        guard depth >= 1 else { throw .leavesTree }
        self.bytes = bytes
    }

    /// The target for a terminal, a log or a page.
    public var printable: String { PrintableText.escape(bytes) }
}

extension LinkTarget: CustomStringConvertible {
    /// The value in a form that is safe to print.
    public var description: String { printable }
}

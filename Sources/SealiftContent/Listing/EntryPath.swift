import SealiftBase

/// A path that may be written to disk: every rule of PROTOCOL §8.2 for names holds, because the
/// initialisers check them and there is no other way to make one.
///
/// So whoever holds an `EntryPath` needs no further check of the text. What lies on disk under that
/// path is another matter: every call there is anchored at a directory descriptor.
public struct EntryPath: Hashable, Sendable {
    /// Most bytes of a path.
    public static let maximumByteCount = 4_096
    /// Most bytes of a component: what file systems hold.
    public static let maximumComponentByteCount = 255
    /// Most components of a path.
    public static let maximumDepth = 256
    /// The private folder on the target volume; no entry may bear its name.
    public static let reservedName: StaticString = ".sealift"

    private static let separator = UInt8(ascii: "/")

    /// The path as UTF-8, components joined by `/`.
    public let bytes: [UInt8]

    /// Checks `bytes` and makes a path of them.
    /// - Throws: the first rule that is broken.
    public init(_ bytes: some Collection<UInt8>) throws(PathViolation) {
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= Self.maximumByteCount else { throw .tooLong }
        let bytes = Array(bytes)
        guard bytes[0] != Self.separator else { throw .absolute }
        switch NameText.violation(in: bytes) {
        case .notUTF8: throw .notUTF8
        case .controlCharacter: throw .controlCharacter
        case nil: break
        }
        var depth = 0
        for component in bytes.split(
            separator: Self.separator, omittingEmptySubsequences: false)
        {
            try Self.check(component: component)
            depth += 1
            guard depth <= Self.maximumDepth else { throw .tooDeep }
        }
        self.bytes = bytes
    }

    /// Joins `components`, each a name as a directory lists it.
    /// - Throws: the first rule that is broken.
    public init(components: some Sequence<[UInt8]>) throws(PathViolation) {
        var joined: [UInt8] = []
        var isFirst = true
        for component in components {
            guard !component.contains(Self.separator) else { throw .separatorInComponent }
            guard joined.count + component.count < Self.maximumByteCount + 1 else { throw .tooLong }
            if isFirst { isFirst = false } else { joined.append(Self.separator) }
            // An empty first component would make the path absolute instead of naming the fault.
            guard !component.isEmpty else { throw .emptyComponent }
            joined.append(contentsOf: component)
        }
        try self.init(joined)
    }

    /// Takes bytes that are a prefix, by components, of a checked path.
    private init(checked bytes: [UInt8]) {
        self.bytes = bytes
    }

    private static func check(component: ArraySlice<UInt8>) throws(PathViolation) {
        guard !component.isEmpty else { throw .emptyComponent }
        guard component.count <= maximumComponentByteCount else { throw .componentTooLong }
        guard component.first == UInt8(ascii: ".") else { return }
        if component.count == 1 { throw .currentDirectory }
        if component.elementsEqual("..".utf8) { throw .parentDirectory }
        if isReserved(component) { throw .reservedName }
    }

    /// Whether some file system takes `component` for the private folder: FAT, exFAT, NTFS and
    /// case-folding directories ignore case, and the first three drop dots and spaces at the end.
    private static func isReserved(_ component: ArraySlice<UInt8>) -> Bool {
        var name = component
        while let last = name.last, last == UInt8(ascii: ".") || last == UInt8(ascii: " ") {
            name.removeLast()
        }
        return reservedName.withUTF8Buffer { reserved in
            name.elementsEqual(reserved) { byte, expected in
                let isUpperCase = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
                return (isUpperCase ? byte | 0x20 : byte) == expected
            }
        }
    }

    /// The components, from the top.
    public var components: [ArraySlice<UInt8>] { bytes.split(separator: Self.separator) }

    /// How many components the path has, 1 to 256.
    public var depth: Int {
        bytes.reduce(1) { $1 == Self.separator ? $0 + 1 : $0 }
    }

    /// The last component.
    public var name: ArraySlice<UInt8> {
        guard let slash = bytes.lastIndex(of: Self.separator) else { return bytes[...] }
        return bytes[(slash + 1)...]
    }

    /// The path without its last component; nil for a path of one component.
    public var parent: EntryPath? {
        guard let slash = bytes.lastIndex(of: Self.separator) else { return nil }
        return EntryPath(checked: Array(bytes[..<slash]))
    }

    /// Whether this path lies below `other`, at any depth; no path lies below itself.
    public func isBelow(_ other: EntryPath) -> Bool {
        bytes.count > other.bytes.count && bytes[other.bytes.count] == Self.separator
            && bytes.starts(with: other.bytes)
    }

    /// The path for a terminal, a log or a page.
    public var printable: String { PrintableText.escape(bytes) }
}

extension EntryPath: Comparable {
    /// Component by component, each bytewise: the order of a listing. A directory comes before all
    /// that lies in it, and all that lies in it before anything else.
    public static func < (left: EntryPath, right: EntryPath) -> Bool {
        // No component has a byte below 0x20, so the separator taken as 0 gives just this order.
        left.bytes.lexicographicallyPrecedes(right.bytes) { first, second in
            (first == separator ? 0 : first) < (second == separator ? 0 : second)
        }
    }
}

extension EntryPath: CustomStringConvertible {
    /// The value in a form that is safe to print.
    public var description: String { printable }
}

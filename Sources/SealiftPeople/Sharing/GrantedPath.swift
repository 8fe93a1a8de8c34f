internal import SealiftBase

/// A path inside a share, as a grant names it and as a member asks for it: components between slashes.
///
/// Compared byte by byte, component by component. Nothing is decoded, folded or normalised: `%2e%2e`,
/// `..` in wide letters or another form of `é` are simply other names, which no grant holds; what could
/// mean another place than it says is no path at all.
public struct GrantedPath: Hashable, Sendable {
    /// The longest path, in bytes.
    public static let maximumByteCount = 4_096
    /// The longest component, in bytes.
    public static let maximumComponentByteCount = 255

    /// The components, from the root; at least one.
    let components: [[UInt8]]

    /// Reads `path`; nil for an empty one, an absolute one, an empty component (`a//b`, `a/`), `.`, `..`,
    /// a control character, a backslash, or bytes that are no UTF-8.
    public init?(_ path: some Collection<UInt8>) {
        guard !path.isEmpty, path.count <= Self.maximumByteCount,
            String(validating: path, as: UTF8.self) != nil
        else { return nil }
        var components: [[UInt8]] = []
        for part in path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let component = Array(part)
            guard !component.isEmpty, component.count <= Self.maximumComponentByteCount,
                component != Array(".".utf8), component != Array("..".utf8),
                component.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") })
            else { return nil }
            components.append(component)
        }
        self.components = components
    }

    /// Reads `text`, as the initialiser for bytes.
    public init?(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// The path's bytes, as they were read.
    public var bytes: [UInt8] { Array(components.joined(separator: [UInt8(ascii: "/")])) }

    /// Whether this path is `other` or lies below it.
    func isWithin(_ other: GrantedPath) -> Bool {
        components.starts(with: other.components)
    }
}

/// The part of a share that a grant opens.
public enum PathSubset: Hashable, Sendable {
    /// All of it.
    case everything
    /// These files, and the folders with all that is below; nothing at all where there is none.
    case only([GrantedPath])

    /// The most paths of one grant.
    public static let maximumPathCount = 1_024

    /// Whether something that was granted lies below `path`: then the folder is seen, and of it only what
    /// leads there.
    public func leads(through path: GrantedPath) -> Bool {
        switch self {
        case .everything: true
        case .only(let paths): paths.contains { $0.isWithin(path) }
        }
    }

    /// The part of this part that `paths` name; nil where one of them is not in it. No paths name all of it.
    public func narrowed(to paths: [GrantedPath]) -> PathSubset? {
        guard !paths.isEmpty else { return self }
        return paths.allSatisfy(contains) ? .only(paths) : nil
    }

    /// Whether `path` is in the part.
    public func contains(_ path: GrantedPath) -> Bool {
        switch self {
        case .everything: true
        case .only(let paths): paths.contains { path.isWithin($0) }
        }
    }
}

extension GrantedPath: CustomStringConvertible {
    /// The path, safe to print.
    public var description: String { PrintableText.escape(bytes) }
}

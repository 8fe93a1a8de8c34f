import CSealiftSys
import Glibc

/// One argument of the user: a file or directory on disk, and the name it lands under.
///
/// Holds the directory it lies in by descriptor: what is opened later is opened from there.
public struct ScanRoot: Sendable {
    /// The directory that holds it.
    let parent: DirectoryHandle
    /// Its name in ``parent``.
    let name: [UInt8]
    /// The argument as the user gave it, for messages.
    public let argument: [UInt8]
    /// The first component of all its paths at the receiver: the argument's last component, or the
    /// real name where the argument ends in `.` or `..`.
    public let landingName: [UInt8]

    /// Finds what `argument` names. Trailing slashes mean nothing. A link that the user named is
    /// followed, here and once: it lands under its own name with what it points to.
    /// - Parameter folderName: the name under which a folder lands instead; files keep theirs.
    /// - Throws: `ENOENT`, `EACCES`; `EINVAL` for `/` and for the empty argument, which have no
    ///   name to land under.
    public init(
        argument: [UInt8], folderLandingAs folderName: [UInt8]? = nil
    ) throws(SystemError) {
        var path = argument
        while path.count > 1, path.last == PathBytes.separator { path.removeLast() }
        guard !path.isEmpty, path != [PathBytes.separator], !path.contains(0) else {
            throw SystemError(code: EINVAL, operation: "send", path: argument)
        }
        let typedName = PathBytes.splitLast(path).name
        let hasNoName = typedName == Array(".".utf8) || typedName == Array("..".utf8)
        var isFollowed = hasNoName
        if !isFollowed { isFollowed = try Self.isLink(path) }
        if isFollowed { path = try Self.realPath(path) }
        let (parentPath, name) = PathBytes.splitLast(path)
        // Only `/` has an empty name once it is a real path.
        guard !name.isEmpty else {
            throw SystemError(code: EINVAL, operation: "send", path: argument)
        }
        let opened: [UInt8] =
            switch parentPath {
            case nil: [UInt8(ascii: ".")]
            case []: [PathBytes.separator]
            case let path?: path
            }
        self.argument = argument
        self.name = name
        parent = try DirectoryHandle.open(path: opened)
        var landingName = hasNoName ? name : typedName
        if let folderName, try parent.status(of: name).kind == .directory {
            landingName = folderName
        }
        self.landingName = landingName
    }

    /// The absolute path of what `argument` names, without links, `.` and `..`.
    public static func canonicalPath(of argument: [UInt8]) throws(SystemError) -> [UInt8] {
        try realPath(argument)
    }

    /// The same, from a directory and a name in it: for tests, and for callers that are anchored.
    /// - Parameter landingName: what it is listed as; nil for its own name.
    package init(parent: DirectoryHandle, name: [UInt8], landingAs landingName: [UInt8]? = nil) {
        self.parent = parent
        self.name = name
        argument = name
        self.landingName = landingName ?? name
    }

    private static func isLink(_ path: [UInt8]) throws(SystemError) -> Bool {
        var status = sealift_status()
        let result = PathBytes.withTerminated(path) { sealift_path_status(AT_FDCWD, $0, &status) }
        try checked(result, "send", path)
        return FileStatus(status).kind == .symbolicLink
    }

    private static func realPath(_ path: [UInt8]) throws(SystemError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try checked(
            PathBytes.withTerminated(path) { sealift_path_real($0, &buffer) }, "send", path)
        return buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }
    }

    /// The path on disk, beneath ``parent``, of an item whose path at the receiver is `path`.
    func diskPath(of path: [UInt8]) -> [UInt8] {
        name + path.dropFirst(landingName.count)
    }
}

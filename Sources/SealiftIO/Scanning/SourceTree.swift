import Glibc

/// What the user sends: their arguments, in the order in which they are listed.
///
/// Paths are those of the listing (PROTOCOL §8.2): components joined by `/`, the first one an
/// argument's landing name.
public struct SourceTree: Sendable {
    /// The arguments, their landing names ascending bytewise.
    public let roots: [ScanRoot]

    /// Two arguments that would land under one name.
    public struct DuplicateName: Error, Equatable, Sendable {
        /// The arguments as the user gave them.
        public let arguments: [[UInt8]]
        /// The name they share.
        public let name: [UInt8]
    }

    /// Orders `roots`.
    /// - Throws: ``DuplicateName``.
    public init(roots: [ScanRoot]) throws(DuplicateName) {
        let sorted = roots.sorted { $0.landingName.lexicographicallyPrecedes($1.landingName) }
        for (left, right) in zip(sorted, sorted.dropFirst())
        where left.landingName == right.landingName {
            throw DuplicateName(
                arguments: [left.argument, right.argument], name: left.landingName)
        }
        self.roots = sorted
    }

    /// Opens the file at `path` for reading; no link on the way is followed.
    public func openFile(_ path: [UInt8]) throws(SystemError) -> OpenFile {
        let root = try root(of: path)
        return try root.parent.openFile(root.diskPath(of: path), for: .reading)
    }

    /// The status of what stands at `path` now.
    public func status(of path: [UInt8]) throws(SystemError) -> FileStatus {
        let root = try root(of: path)
        return try root.parent.status(of: root.diskPath(of: path))
    }

    /// Where the symbolic link at `path` points.
    public func readSymbolicLink(_ path: [UInt8]) throws(SystemError) -> [UInt8] {
        let root = try root(of: path)
        let (directory, name) = try root.parent.openParent(of: root.diskPath(of: path))
        return try directory.readSymbolicLink(name)
    }

    private func root(of path: [UInt8]) throws(SystemError) -> ScanRoot {
        let first = path.prefix { $0 != PathBytes.separator }
        var low = 0
        var high = roots.count
        while low < high {
            let middle = (low + high) / 2
            if roots[middle].landingName.lexicographicallyPrecedes(first) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < roots.count, roots[low].landingName.elementsEqual(first) else {
            throw SystemError(code: ENOENT, operation: "open", path: path)
        }
        return roots[low]
    }
}

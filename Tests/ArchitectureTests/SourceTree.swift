import Foundation

/// The repository's own files, as the tests of this target read them.
enum SourceTree {
    /// One Swift or C file.
    struct File: Sendable {
        /// The path from the repository's root: `Sources/SealiftBase/Instant.swift`.
        let path: String
        let text: String

        /// The target's name: the second component of the path.
        var target: String {
            let components = path.split(separator: "/")
            return components.count > 2 ? String(components[1]) : ""
        }

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    }

    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every source file below `folder`, ordered by path.
    static func files(below folder: String) throws -> [File] {
        let names = try FileManager.default.subpathsOfDirectory(
            atPath: root.appending(path: folder).path)
        let sources = names.filter { name in
            [".swift", ".c", ".h"].contains { name.hasSuffix($0) }
        }
        return try sources.sorted().map { name in
            let path = folder + "/" + name
            let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            return File(path: path, text: text)
        }
    }

    /// The names of the folders directly below `folder`: the targets there.
    static func targets(below folder: String) throws -> Set<String> {
        let names = try FileManager.default.contentsOfDirectory(
            atPath: root.appending(path: folder).path)
        return Set(names.filter { !$0.hasPrefix(".") })
    }
}

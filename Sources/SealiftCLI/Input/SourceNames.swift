internal import Glibc
internal import Sealift
internal import SealiftBase

/// The names under which the arguments of `send` and `hash` appear: each lands at its last component.
enum SourceNames {
    /// Checks that every path has a last component and that no two have the same.
    /// - Throws: an error of usage that names the arguments.
    static func check(_ paths: [[UInt8]]) throws(SealiftError) {
        var seen: [[UInt8]: [UInt8]] = [:]
        for path in paths {
            guard let name = lastComponent(of: path) else {
                throw SealiftError(
                    .usage, "\(PrintableText.escape(path)) has no name that it could arrive under",
                    advice: "Name a file or a folder inside it.")
            }
            if let other = seen[name] {
                throw SealiftError(
                    .usage,
                    "\(PrintableText.escape(other)) and \(PrintableText.escape(path)) would both "
                        + "arrive as \(PrintableText.escape(name))",
                    advice: "Send them in two runs, or rename one.")
            }
            seen[name] = path
        }
    }

    /// The last component of `path`, however many slashes end it; for `.` and `..` the folder's real name;
    /// nil for the root folder.
    static func lastComponent(of path: [UInt8]) -> [UInt8]? {
        guard let last = path.split(separator: UInt8(ascii: "/")).last.map(Array.init) else {
            return nil
        }
        guard last == [46] || last == [46, 46] else { return last }
        // A path that cannot be resolved is not there: the engine says so, with the reason.
        guard let real = realPath(path) else { return last }
        return real.split(separator: UInt8(ascii: "/")).last.map(Array.init)
    }

    private static func realPath(_ path: [UInt8]) -> [UInt8]? {
        guard let result = realpath(path.map { CChar(bitPattern: $0) } + [0], nil) else {
            return nil
        }
        defer { free(result) }
        return Array(UnsafeRawBufferPointer(start: result, count: strlen(result)))
    }
}

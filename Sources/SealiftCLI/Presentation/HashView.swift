internal import Sealift
internal import SealiftBase

/// The lines of `sealift hash`.
struct HashView {
    let algorithm: HashAlgorithm
    let asJSON: Bool

    /// What goes to standard output: a line, or nothing.
    func result(_ event: HashEvent) -> [UInt8] {
        if asJSON { return Array((json(event).line + "\n").utf8) }
        switch event {
        case .file(let path, _, let hash):
            return algorithm == .sha256
                ? Self.checkLine(hash, path)
                : Array("\(hash.hexadecimal)  \(PrintableText.escape(path))\n".utf8)
        case .directory(let path, let root):
            return Array("\(root.hexadecimal)  \(PrintableText.escape(path))/\n".utf8)
        case .warning, .failed:
            return []
        }
    }

    /// What goes to standard error: a line, or nothing.
    func message(_ event: HashEvent, style: TerminalStyle) -> String {
        switch event {
        case .file, .directory:
            return ""
        case .warning(let warning):
            let name = warning.path.map { PrintableText.escape($0) + ": " } ?? ""
            return style.warning("warning:") + " \(name)\(warning.message)\n"
        case .failed(let path, let reason):
            return style.error("failed:") + " \(PrintableText.escape(path)): \(reason)\n"
        }
    }

    /// A line that `sha256sum -c` of GNU coreutils accepts: the name as it is, but where it holds a
    /// backslash, a newline or a carriage return these are escaped and the line begins with a backslash.
    static func checkLine(_ hash: Hash256, _ path: [UInt8]) -> [UInt8] {
        var name: [UInt8] = []
        for byte in path {
            switch byte {
            case UInt8(ascii: "\\"): name += Array("\\\\".utf8)
            case UInt8(ascii: "\n"): name += Array("\\n".utf8)
            case UInt8(ascii: "\r"): name += Array("\\r".utf8)
            default: name.append(byte)
            }
        }
        let mark = name.count == path.count ? "" : "\\"
        return Array("\(mark)\(hash.hexadecimal)  ".utf8) + name + [UInt8(ascii: "\n")]
    }

    private func json(_ event: HashEvent) -> JSONText {
        switch event {
        case .file(let path, let size, let hash):
            return JSONEvents.object(
                "hash",
                JSONEvents.path(path) + [
                    ("kind", .string("file")), ("size", .integer(size)),
                    ("algorithm", .string(algorithm.rawValue)), ("hash", .string(hash.hexadecimal)),
                ])
        case .directory(let path, let root):
            return JSONEvents.object(
                "hash",
                JSONEvents.path(path) + [
                    ("kind", .string("directory")), ("size", .null),
                    ("algorithm", .string(algorithm.rawValue)), ("hash", .string(root.hexadecimal)),
                ])
        case .warning(let warning):
            return JSONEvents.line(.warning(warning))
        case .failed(let path, let reason):
            return JSONEvents.object(
                "failed", JSONEvents.path(path) + [("reason", .string(reason))])
        }
    }
}

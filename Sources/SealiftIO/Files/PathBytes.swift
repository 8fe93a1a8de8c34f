import Glibc

/// Paths as the kernel has them: bytes, with `/` between components, and no meaning beyond that.
///
/// Names never pass through `String` on their way to the kernel, because a name that is no UTF-8
/// would come out as another one.
enum PathBytes {
    static let separator = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")

    /// What a path may be when it is followed beneath a directory: not empty, not absolute, no empty
    /// component, no `.`, no `..`, no zero byte.
    static func requireRelative(
        _ path: [UInt8], _ operation: StaticString
    ) throws(SystemError) {
        var start = 0
        for end in 0...path.count where end == path.count || path[end] == separator {
            guard isName(path[start..<end]) else {
                throw SystemError(code: EINVAL, operation: "\(operation)", path: path)
            }
            start = end + 1
        }
    }

    /// What a single name may be: as above, and without `/`.
    static func requireName(_ name: [UInt8], _ operation: StaticString) throws(SystemError) {
        guard isName(name[...]), !name.contains(separator) else {
            throw SystemError(code: EINVAL, operation: "\(operation)", path: name)
        }
    }

    private static func isName(_ name: ArraySlice<UInt8>) -> Bool {
        switch name.count {
        case 0: false
        case 1: name.first != dot && name.first != 0
        case 2 where name.first == dot && name.last == dot: false
        default: !name.contains(0)
        }
    }

    /// The components of a path that ``requireRelative(_:_:)`` has let pass.
    static func components(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: separator).map { Array($0) }
    }

    /// The part before the last `/`, nil where there is none, and the part behind it.
    static func splitLast(_ path: [UInt8]) -> (parent: [UInt8]?, name: [UInt8]) {
        guard let slash = path.lastIndex(of: separator) else { return (nil, path) }
        return (Array(path[..<slash]), Array(path[(slash + 1)...]))
    }

    /// Hands `path` to `body` with the terminator that C expects.
    static func withTerminated<Result>(
        _ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: path.count + 1) { buffer in
            for (index, byte) in path.enumerated() {
                buffer.initializeElement(at: index, to: CChar(bitPattern: byte))
            }
            buffer.initializeElement(at: path.count, to: 0)
            guard let base = buffer.baseAddress else { preconditionFailure("never empty") }
            return body(UnsafePointer(base))
        }
    }
}

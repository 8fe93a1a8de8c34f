internal import Glibc

/// A file that fits into memory many times over: a ticket, a password.
enum SmallFile {
    /// The first `limit` bytes; nil where they cannot be read, with the reason in `errno`.
    static func read(_ path: [UInt8], limit: Int) -> [UInt8]? {
        let descriptor = open(path.map { CChar(bitPattern: $0) } + [0], O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: limit)
        var filled = 0
        while filled < limit {
            let count = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), limit - filled)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                let reason = errno
                close(descriptor)
                errno = reason
                return nil
            }
            if count == 0 { break }
            filled += count
        }
        close(descriptor)
        return Array(bytes.prefix(filled))
    }
}

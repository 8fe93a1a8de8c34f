internal import Glibc

/// Standard output or standard error: whole texts, unbuffered, from any thread.
struct StandardStream: Sendable {
    /// Where the ticket or the JSON lines go, and nothing else.
    static let output = StandardStream(descriptor: STDOUT_FILENO)
    /// Where everything that is said to a person goes.
    static let error = StandardStream(descriptor: STDERR_FILENO)
    /// Standard input, to ask whether a person is there.
    static let input = StandardStream(descriptor: STDIN_FILENO)

    let descriptor: CInt

    /// Whether a person may be looking at it.
    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// The columns of the terminal; 80 where it does not tell.
    var width: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// The lines of the terminal; 24 where it does not tell.
    var height: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return 24 }
        return Int(size.ws_row)
    }

    /// Writes the whole text; false when it could not be written.
    @discardableResult
    func write(_ text: String) -> Bool {
        write(Array(text.utf8))
    }

    /// Writes all of `bytes`; false when they could not be written.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[offset...])
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                if count < 0 && errno == EAGAIN {
                    // Somebody made the terminal non-blocking; wait until it takes more.
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&wait, 1, -1)
                    continue
                }
                guard count > 0 else { return false }
                offset += count
            }
            return true
        }
    }
}

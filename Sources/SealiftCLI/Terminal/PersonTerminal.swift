internal import Glibc
internal import Sealift

/// The terminal where a person can be asked, also when standard input brings something else.
struct PersonTerminal {
    private let descriptor: CInt
    private let reader: LineReader
    private let stream: StandardStream

    /// The terminal of standard input and error; where only standard error is one, the terminal that
    /// controls the process; nil where nobody watches.
    init?(cancellation: Cancellation) {
        if StandardStream.input.isTerminal, StandardStream.error.isTerminal {
            descriptor = STDIN_FILENO
            stream = .error
        } else {
            guard StandardStream.error.isTerminal else { return nil }
            let opened = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
            guard opened >= 0 else { return nil }
            // Open for as long as the process: it asks once or twice.
            descriptor = opened
            stream = StandardStream(descriptor: opened)
        }
        reader = LineReader(cancellation: cancellation, descriptor: descriptor)
    }

    /// Shows `text`.
    func show(_ text: String) { stream.write(text) }

    /// Asks, and reads a line; nil at the end of input.
    /// - Throws: where somebody asked to stop.
    func ask(_ question: String) throws(SealiftError) -> String? {
        show(question)
        return try line().map { String(decoding: $0, as: UTF8.self) }
    }

    /// Asks, and reads a line that nobody sees; nil at the end of input.
    /// - Throws: where somebody asked to stop, or the terminal goes on showing what is typed.
    func askHidden(_ question: String) throws(SealiftError) -> [UInt8]? {
        var before = termios()
        guard tcgetattr(descriptor, &before) == 0 else { throw Self.unfit }
        var hidden = before
        hidden.c_lflag &= ~tcflag_t(ECHO)
        guard tcsetattr(descriptor, TCSAFLUSH, &hidden) == 0 else { throw Self.unfit }
        defer {
            _ = tcsetattr(descriptor, TCSADRAIN, &before)
            show("\n")
        }
        // Once the terminal is ready for the answer.
        show(question)
        return try line()
    }

    private func line() throws(SealiftError) -> [UInt8]? {
        switch reader.readLine() {
        case .line(let line): return line
        case .nothing: return nil
        case .stopped:
            throw SealiftError(
                .interrupted, "stopped before the end", advice: "Run the same command again.")
        }
    }

    private static var unfit: SealiftError {
        SealiftError(
            .usage, "the terminal cannot be kept from showing what is typed",
            advice: "Name a file that holds the passphrase by SEALIFT_PASSPHRASE_FILE.")
    }
}

internal import Glibc

/// The line that a person types a ticket or a code into: the tabulator completes the words of a code.
///
/// The terminal stops editing the line by itself for that long, so backspace and Ctrl-U are done here.
/// Ctrl-C comes as a signal, as ever.
enum TicketPrompt {
    private static let backspace = Set<UInt8>([8, 127])
    private static let endOfInput: UInt8 = 4
    private static let eraseAll: UInt8 = 21
    private static let wipe = "\u{8} \u{8}"

    /// Asks, and reads a line; without completion where the terminal cannot be set up for it. The question
    /// comes once the terminal is ready for the answer.
    static func readLine(_ reader: LineReader, asking question: String) -> LineReader.Outcome {
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else {
            StandardStream.error.write(question)
            return reader.readLine()
        }
        var typing = before
        typing.c_lflag &= ~tcflag_t(ICANON | ECHO)
        // A shell would find the terminal as it is now.
        withUnsafeMutableBytes(of: &typing.c_cc) { $0[Int(VSUSP)] = 0 }
        guard tcsetattr(STDIN_FILENO, TCSADRAIN, &typing) == 0 else {
            StandardStream.error.write(question)
            return reader.readLine()
        }
        defer {
            _ = tcsetattr(STDIN_FILENO, TCSADRAIN, &before)
            StandardStream.error.write("\n")
        }
        StandardStream.error.write(question)
        return edit(reader) { StandardStream.error.write($0) }
    }

    /// Edits a line as the bytes come.
    private static func edit(
        _ reader: LineReader, show: (String) -> Void
    ) -> LineReader.Outcome {
        var line = ""
        while line.utf8.count < LineReader.limit {
            switch reader.readByte() {
            case .stopped: return .stopped
            case .end: return line.isEmpty ? .nothing : .line(Array(line.utf8))
            case .byte(UInt8(ascii: "\n")): return .line(Array(line.utf8))
            case .byte(endOfInput): if line.isEmpty { return .nothing }
            case .byte(eraseAll):
                show(String(repeating: wipe, count: line.count))
                line = ""
            case .byte(let byte) where backspace.contains(byte):
                if line.popLast() != nil { show(wipe) }
            case .byte(UInt8(ascii: "\t")):
                let rest = CodeCompletion.rest(of: line)
                line += rest
                show(rest.isEmpty ? "\u{7}" : rest)
            case .byte(let byte) where (32...126).contains(byte):
                // A ticket and a code are ASCII.
                let typed = String(UnicodeScalar(byte))
                line += typed
                show(typed)
            case .byte: break
            }
        }
        return .line(Array(line.utf8))
    }
}

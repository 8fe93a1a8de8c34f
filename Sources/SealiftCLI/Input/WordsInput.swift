internal import Glibc
internal import Sealift
internal import SealiftBase
internal import SealiftIO
internal import SealiftPeople

/// Reads the recovery words: from the file that `--words-file` names, else from a terminal. Never from an
/// argument, nor from standard input.
struct WordsInput {
    private static let tries = 3

    let cancellation: Cancellation

    /// - Parameters:
    ///   - file: holds the words; nil to ask.
    ///   - purpose: what they are for, as a clause.
    func read(file: PathArgument?, purpose: String) throws(SealiftError) -> RecoveryWords {
        if let file { return try read(file) }
        // Both: what is typed must not end in a file that standard error was sent to.
        guard StandardStream.error.isTerminal,
            let terminal = PersonTerminal(cancellation: cancellation)
        else {
            throw SealiftError(
                .wordsNeeded, "the recovery words are needed, and nobody can be asked for them",
                advice: "Run it on a terminal, or name a file that holds them by --words-file.")
        }
        return try ask(terminal, style: .ofProcess(), purpose: purpose)
    }

    private func read(_ file: PathArgument) throws(SealiftError) -> RecoveryWords {
        guard var bytes = SmallFile.read(file.bytes, limit: RecoveryWords.longestText + 1) else {
            let code = errno
            throw SealiftError(
                .wordsNeeded, "cannot read the file of the recovery words, \(file.printable)",
                advice: "Check the path, and that you may read the file.",
                cause: String(cString: strerror(code)))
        }
        defer { MemoryWipe.wipe(&bytes) }
        do throws(RecoveryWordsError) {
            return try RecoveryWords(text: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw SealiftError(words: error)
        }
    }

    /// Asks for word after word, as many on a line as the user likes, on a screen that nothing scrolls back
    /// to.
    private func ask(
        _ terminal: PersonTerminal, style: TerminalStyle, purpose: String
    ) throws(SealiftError) -> RecoveryWords {
        terminal.show(style.repaints ? "\u{1B}[?1049h\u{1B}[2J\u{1B}[H" : "")
        defer { terminal.show(style.repaints ? "\u{1B}[2J\u{1B}[?1049l" : "") }
        terminal.show(
            """
            The recovery words, \(purpose). One at a time or several on a line, whole
            or their first four letters. An empty line stops.


            """)
        var refusal = RecoveryWordsError.wrongChecksum
        for _ in 0..<Self.tries {
            let text = try collect(terminal)
            do throws(RecoveryWordsError) { return try RecoveryWords(text: text) } catch {
                refusal = error
                terminal.show("\n\(SealiftError(words: error).message). From the first again.\n")
            }
        }
        throw SealiftError(words: refusal)
    }

    /// 24 words of the list.
    /// - Throws: where the user stopped.
    private func collect(_ terminal: PersonTerminal) throws(SealiftError) -> String {
        let list = WordList.english
        var words: [String] = []
        while words.count < RecoveryWords.wordCount {
            let question = "Word \(words.count + 1): "
            let line = try terminal.ask(question) ?? ""
            let parts = line.lowercased().split { !$0.isLetter }.map(String.init)
            guard !parts.isEmpty else {
                throw SealiftError(
                    .declined, "the recovery words were not given",
                    advice: "Nothing was changed. Run it again when they are at hand.")
            }
            for part in parts where words.count < RecoveryWords.wordCount {
                guard let word = list.word(for: part) else {
                    let near = list.nearest(to: part).joined(separator: ", ")
                    terminal.show(
                        "\(PrintableText.escape(part)) is no word of the list"
                            + (near.isEmpty ? "" : "; near it: \(near)")
                            + ". From word \(words.count + 1) again.\n")
                    break
                }
                words.append(word)
            }
        }
        return words.joined(separator: " ")
    }
}

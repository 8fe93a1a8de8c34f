internal import Sealift
internal import SealiftPeople

/// Shows the recovery words once, on a terminal and nowhere else, and has a few of them typed back.
struct WordsCeremony {
    /// How many words are asked for.
    private static let questions = 3
    private static let columns = 4

    let terminal: PersonTerminal
    let style: TerminalStyle

    /// Shows the words until they were written down.
    /// - Throws: where the user stopped it: the words belong to nothing then.
    func confirm(_ words: RecoveryWords) throws(SealiftError) {
        // On a screen of its own, which nothing scrolls back to.
        terminal.show(style.repaints ? "\u{1B}[?1049h" : "")
        defer { terminal.show(style.repaints ? "\u{1B}[2J\u{1B}[?1049l" : "") }
        while true {
            clear()
            terminal.show(
                """
                Your recovery words. Whoever has them is you; without them a lost device ends your
                identity. Write them on paper, in this order. They are not shown again.

                \(Self.table(words.words))

                """)
            _ = try answer("Enter, when they are written down: ")
            clear()
            if try isWritten(words.words) { return }
            terminal.show("\nThat is not the word. ")
            _ = try answer("Enter shows all of them again: ")
        }
    }

    /// Whether a few words, chosen by chance, were typed as they are.
    private func isWritten(_ words: [String]) throws(SealiftError) -> Bool {
        let places = Array(words.indices.shuffled().prefix(Self.questions)).sorted()
        for place in places {
            let typed = try answer("Word \(place + 1): ")
                .lowercased().filter { !$0.isWhitespace }
            // Four letters tell the words apart.
            guard typed.utf8.count >= min(4, words[place].utf8.count),
                words[place].hasPrefix(typed)
            else { return false }
        }
        return true
    }

    private func answer(_ question: String) throws(SealiftError) -> String {
        guard let line = try terminal.ask(question) else {
            throw SealiftError(
                .declined, "the recovery words were not confirmed",
                advice: "Nothing was changed, and the words belong to nothing. Run it again.")
        }
        return line
    }

    private func clear() { terminal.show(style.repaints ? "\u{1B}[2J\u{1B}[H" : "\n") }

    /// The words, numbered, in columns that are read downwards.
    static func table(_ words: [String]) -> String {
        let rows = (words.count + columns - 1) / columns
        return (0..<rows).map { row in
            stride(from: row, to: words.count, by: rows).map { place in
                let number = place < 9 ? " \(place + 1)" : "\(place + 1)"
                let cell = "\(number)  \(words[place])"
                return cell + String(repeating: " ", count: max(1, 16 - cell.count))
            }.joined()
        }.joined(separator: "\n") + "\n"
    }
}

internal import SealiftBase
internal import SealiftTraversal

/// Completes the words of a code while a person types it.
enum CodeCompletion {
    /// What is to be added to `typed`, a code's beginning: the rest of its last word, or as much of it as
    /// all words that fit share, and a hyphen where another word follows. Empty where nothing fits, where
    /// several words part at once, and for anything that is no code.
    static func rest(of typed: String) -> String {
        let parts = typed.lowercased().split(separator: "-", omittingEmptySubsequences: false)
        guard let number = parts.first, !number.isEmpty,
            number.utf8.allSatisfy({ (48...57).contains($0) }),
            (2...1 + PairingCode.wordCount).contains(parts.count), let last = parts.last
        else { return "" }
        let fitting = WordList.english.completions(of: String(last))
        guard let first = fitting.first, let end = fitting.last else { return "" }
        // In alphabetic order, what the first and the last share, all share.
        let shared = zip(first, end).prefix { $0 == $1 }.count
        let isWhole = fitting.count == 1 && parts.count <= PairingCode.wordCount
        return first.prefix(shared).dropFirst(last.count) + (isWhole ? "-" : "")
    }
}

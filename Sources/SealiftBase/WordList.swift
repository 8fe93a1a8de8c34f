/// The words of spoken codes and of recovery: 2,048 of them, so that each is worth 11 bits.
public struct WordList: Sendable {
    /// The bits that one word is worth.
    public static let bitsPerWord = 11
    /// The first letters that tell every word from all others.
    public static let distinguishingLetters = 4

    /// The words, in alphabetic order.
    public let words: [String]

    /// The English list.
    public static let english = WordList(
        words: englishText.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
            .split(whereSeparator: \.isWhitespace).map(String.init))

    /// The word that `text` stands for: the word itself, or what it is the unambiguous beginning of.
    /// - Parameter text: in lower case.
    public func word(for text: String) -> String? {
        let candidates = completions(of: text)
        if candidates.first == text { return text }
        return text.count >= Self.distinguishingLetters && candidates.count == 1
            ? candidates.first : nil
    }

    /// The place of `word` in the list: the 11 bits it stands for; nil if it is not in it.
    public func number(of word: String) -> Int? {
        let candidates = completions(of: word)
        return candidates.first == word ? candidates.startIndex : nil
    }

    /// The words that begin with `text`, in alphabetic order: completion while somebody types.
    public func completions(of text: String) -> ArraySlice<String> {
        var low = words.startIndex
        var high = words.endIndex
        while low < high {
            let middle = (low + high) / 2
            if words[middle] < text { low = middle + 1 } else { high = middle }
        }
        return words[low...].prefix { $0.hasPrefix(text) }
    }

    /// The words nearest to a mistyped `text`, at most three and none where nothing is near: what a
    /// message can ask "did you mean" about.
    public func nearest(to text: String) -> [String] {
        let letters = Array(text.utf8.prefix(Self.longestCompared))
        var best = Self.farthestNear
        var found: [String] = []
        for word in words {
            let distance = Self.distance(letters, Array(word.utf8))
            if distance < best { found = [] }
            guard distance <= best else { continue }
            best = distance
            found.append(word)
        }
        return Array(found.prefix(3))
    }

    /// More edits than this make another word.
    private static let farthestNear = 2
    /// No word is as long; what a person pastes by mistake may be much longer.
    private static let longestCompared = 16

    /// Insertions, deletions, changes and swaps of neighbours between two words (the optimal string
    /// alignment distance).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var rows = [Array(0...right.count)]
        for (row, letter) in left.enumerated() {
            var next = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(
                    rows[row][column + 1] + 1, next[column] + 1,
                    rows[row][column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, rows[row - 1][column - 1] + 1)
                }
                next.append(cost)
            }
            rows.append(next)
        }
        return rows[left.count][right.count]
    }
}

/// Which packet numbers were received: the 2,048 below and including the highest, as a ring of bits
/// in the manner of RFC 6479. Lower numbers count as received.
package struct ReplayWindow: Sendable {
    /// How far below the highest number a new one may lie (PROTOCOL §5).
    static let size: UInt64 = 2048
    /// Words of 64 numbers. More than `size` needs, so that moving on clears whole words only; a
    /// power of two, so that finding the word is one AND.
    private static let wordCount: UInt64 = 64

    /// Bit n mod 64 of word (n / 64) mod 64 is set when n was received.
    private var words = [UInt64](repeating: 0, count: Int(wordCount))
    /// The highest number received; nil before the first.
    private(set) var highest: UInt64?

    /// Makes a window that has seen nothing.
    package init() {}

    /// Whether `number` was not received yet, as far as the window tells. Changes nothing.
    package func isNew(_ number: UInt64) -> Bool {
        guard let highest, number <= highest else { return true }
        guard highest - number < Self.size else { return false }
        return words[Self.word(number)] & Self.bit(number) == 0
    }

    /// Marks `number` as received. Called only after its packet opened.
    package mutating func insert(_ number: UInt64) {
        if number > (highest ?? 0) {
            // Clear the words between the old and the new highest, at most all of them.
            let first = (highest ?? 0) / 64 + 1
            let last = number / 64
            if last >= first {
                for word in 0..<min(last - first + 1, Self.wordCount) {
                    words[Int((last - word) & (Self.wordCount - 1))] = 0
                }
            }
            highest = number
        } else if let highest {
            guard highest - number < Self.size else { return }
        } else {
            highest = number
        }
        words[Self.word(number)] |= Self.bit(number)
    }

    private static func word(_ number: UInt64) -> Int { Int((number / 64) & (wordCount - 1)) }
    private static func bit(_ number: UInt64) -> UInt64 { 1 << (number & 63) }
}

/// How texts for a person may look: what the terminal, and the user, allow.
struct TerminalStyle: Equatable, Sendable {
    /// Whether colours may be used: a terminal that is not dumb, and no `NO_COLOR` (no-color.org).
    var hasColors: Bool
    /// Whether one line may be painted again and again: a terminal that is not dumb.
    var repaints: Bool

    /// What holds for standard error and the environment of this process.
    static func ofProcess() -> TerminalStyle {
        choose(
            isTerminal: StandardStream.error.isTerminal, term: Environment.text("TERM"),
            noColor: Environment.text("NO_COLOR"))
    }

    static func choose(isTerminal: Bool, term: String?, noColor: String?) -> TerminalStyle {
        let isCapable = isTerminal && term != nil && term != "dumb"
        return TerminalStyle(hasColors: isCapable && noColor == nil, repaints: isCapable)
    }

    func error(_ text: String) -> String { paint(text, "1;31") }
    func warning(_ text: String) -> String { paint(text, "33") }
    func good(_ text: String) -> String { paint(text, "32") }
    func strong(_ text: String) -> String { paint(text, "1") }

    /// Black on white, whatever the terminal's own colours are.
    func ink(_ text: String) -> String { paint(text, "38;5;16;48;5;231") }

    private func paint(_ text: String, _ code: String) -> String {
        hasColors ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

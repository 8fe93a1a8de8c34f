internal import Sealift

/// An error for a person: what happened, why, and what to do.
enum ErrorView {
    /// The lines for standard error.
    static func text(_ error: SealiftError, style: TerminalStyle) -> String {
        let cause = error.cause.map { " (\($0))" } ?? ""
        return style.error("error:") + " \(error.message)\(cause)\n"
            + style.strong("what to do:") + " \(error.advice)\n"
    }

    /// Says it on standard error and, where scripts listen, as the last JSON line.
    static func show(_ error: SealiftError, asJSON: Bool) {
        if asJSON { StandardStream.output.write(JSONEvents.line(error).line + "\n") }
        StandardStream.error.write(text(error, style: .ofProcess()))
    }
}

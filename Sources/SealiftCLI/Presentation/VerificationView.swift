internal import Sealift
internal import SealiftBase

/// The lines of `sealift verify`.
struct VerificationView {
    let asJSON: Bool

    /// What goes to standard output for a path: for a person only what differs.
    func line(_ path: [UInt8], _ finding: VerificationFinding) -> String {
        let (word, reason) = words(finding)
        if asJSON {
            return JSONEvents.object(
                "verify",
                JSONEvents.path(path) + [
                    ("result", .string(word)), ("reason", reason.map { .string($0) } ?? .null),
                ]
            ).line + "\n"
        }
        guard finding != .matches else { return "" }
        return "\(word)  \(PrintableText.escape(path))\(reason.map { ": \($0)" } ?? "")\n"
    }

    /// The last line on standard output: for scripts only.
    func line(_ summary: VerificationSummary) -> String {
        guard asJSON else { return "" }
        return JSONEvents.object(
            "verified",
            [
                ("root", .string(summary.root.hexadecimal)),
                ("matching", .integer(summary.matching)), ("missing", .integer(summary.missing)),
                ("changed", .integer(summary.changed)), ("extra", .integer(summary.extra)),
            ]
        ).line + "\n"
    }

    /// What a person is told at the end; nothing where an error follows.
    func message(_ summary: VerificationSummary, style: TerminalStyle) -> String {
        guard summary.differences == 0 else { return "" }
        return style.good("proven:")
            + " \(summary.matching) \(summary.matching == 1 ? "entry is" : "entries are") what the "
            + "manifest says\nroot: \(summary.root.hexadecimal)\n"
    }

    private func words(_ finding: VerificationFinding) -> (word: String, reason: String?) {
        switch finding {
        case .matches: ("matches", nil)
        case .missing: ("missing", nil)
        case .changed(let reason): ("changed", reason)
        case .extra: ("extra", nil)
        }
    }
}

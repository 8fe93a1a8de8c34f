internal import Sealift
internal import SealiftBase

/// What `sealift rule` shows.
enum RuleView {
    /// One line of `rule list`.
    static func line(_ rule: RuleSummary, style: TerminalStyle) -> String {
        var words = [
            ShareView.padded("\(rule.number)", 5) + ShareView.padded(PersonText.name(rule.from), 20)
                + "up to \(ByteText.text(rule.maximumByteCount)) each"
        ]
        if let mark = PersonText.mark(rule.from, style: style) { words.append(mark) }
        words.append(
            "took "
                + (rule.quota.map { ByteText.fraction(rule.acceptedBytes, of: $0) }
                    ?? ByteText.text(rule.acceptedBytes)))
        if let expires = rule.expires {
            words.append(
                rule.isOver
                    ? style.error("ENDED \(LogView.time(expires))")
                    : "until \(LogView.time(expires))")
        }
        words.append("into \(PrintableText.escape(rule.destination))")
        if rule.quarantines { words.append("held in quarantine") }
        return words.joined(separator: "  ") + "\n"
    }

    /// A rule, for a script.
    static func json(_ rule: RuleSummary, event: String = "rule") -> JSONText {
        JSONEvents.object(
            event,
            [("number", .signed(rule.number))] + PersonText.members(rule.from)
                + JSONEvents.path(Array(rule.destination.utf8), named: "into") + [
                    ("max_size", .integer(rule.maximumByteCount)),
                    ("quota", rule.quota.map { .integer($0) } ?? .null),
                    ("accepted_bytes", .integer(rule.acceptedBytes)),
                    ("expires", PersonText.time(rule.expires)), ("expired", .bool(rule.isOver)),
                    ("quarantine", .bool(rule.quarantines)),
                ])
    }
}

internal import Sealift
internal import SealiftBase
internal import SealiftPeople

/// What `sealift restore` and `sealift backup` show.
enum RecoveryView {
    /// For a person: who they are again, and what to do now.
    static func text(_ summary: RestoreSummary, style: TerminalStyle) -> String {
        var text = IdentityView.text(summary.identity, style: style)
        if let backup = summary.backup {
            text += "backup    \(content(backup)), made \(LogView.time(backup.time))\n"
        }
        return text + """
            This machine is the only device of this identity now. Contacts have to pair with you
            again before anything passes between you: `sealift pair`.

            """
    }

    /// What a backup holds, on one line.
    static func content(_ summary: BackupSummary) -> String {
        ByteText.count(UInt64(summary.contacts), "contact")
            + ", \(ByteText.text(summary.byteCount))"
    }

    /// For a script.
    static func json(_ summary: RestoreSummary) -> JSONText {
        JSONEvents.object(
            "restored",
            IdentityView.members(summary.identity) + [
                ("generation", .integer(summary.generation)),
                ("backup", summary.backup.map { .object(members($0)) } ?? .null),
            ])
    }

    /// What a backup holds.
    static func json(_ summary: BackupSummary, event: String) -> JSONText {
        JSONEvents.object(event, members(summary))
    }

    private static func members(_ summary: BackupSummary) -> [(String, JSONText)] {
        [
            ("id", .string(summary.identity.short.text)),
            ("identity", .string(summary.identity.value.hexadecimal)),
            ("time", .string(LogView.time(summary.time))),
            ("contacts", .integer(UInt64(summary.contacts))),
            ("bytes", .integer(summary.byteCount)),
        ]
    }
}

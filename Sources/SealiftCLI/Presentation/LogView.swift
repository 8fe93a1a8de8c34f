internal import Foundation
internal import Sealift
internal import SealiftBase
internal import SealiftPeople

/// The lines of `sealift log`.
struct LogView {
    enum Form {
        case text, json, csv
    }

    let form: Form

    private static let columns = [
        "position", "time", "event", "direction", "peer", "transfer", "decision", "result",
        "reason", "length", "root", "bytes", "paths", "former",
    ]

    /// What stands above the entries.
    var heading: String { form == .csv ? Self.columns.joined(separator: ",") + "\r\n" : "" }

    /// One entry.
    func line(_ line: LogLine) -> String {
        switch form {
        case .json: json(line).line + "\n"
        case .csv: csv(line)
        case .text: text(line)
        }
    }

    /// What came of the check: nothing for a person where an error follows.
    func line(_ verification: LogVerification) -> String {
        guard form == .json else {
            guard verification.finding == nil else { return "" }
            let span = verification.times.map {
                ", signed from \(Self.time($0.lowerBound)) to \(Self.time($0.upperBound))"
            }
            return
                "\(Self.entries(verification.entries)) as this device signed\(verification.entries == 1 ? " it" : " them")\(span ?? "")\n"
                + "root: \(verification.root.hexadecimal)\n"
                + "witnessed by \(ByteText.count(verification.witnesses, "receipt"))\n"
                + verification.former.map { former in
                    "\(Self.entries(former.entries)) of a backup, signed by device "
                        + "\(former.device)\n"
                }.joined()
        }
        return JSONEvents.object(
            "log_verified",
            [
                ("entries", .integer(verification.entries)),
                ("root", .string(verification.root.hexadecimal)),
                ("from", verification.times.map { .string(Self.time($0.lowerBound)) } ?? .null),
                ("to", verification.times.map { .string(Self.time($0.upperBound)) } ?? .null),
                ("witnesses", .integer(verification.witnesses)),
                ("finding", verification.finding.map { .string($0) } ?? .null),
                ("position", verification.position.map { .integer($0) } ?? .null),
                ("former", .array(verification.former.map(Self.json))),
            ]
        ).line + "\n"
    }

    private static func json(_ former: FormerVerification) -> JSONText {
        .object([
            ("device", .string(former.device)), ("entries", .integer(former.entries)),
            ("finding", former.finding.map { .string($0) } ?? .null),
            ("position", former.position.map { .integer($0) } ?? .null),
        ])
    }

    private static func entries(_ count: UInt64) -> String {
        ByteText.count(count, "entry").replacing("entrys", with: "entries")
    }

    /// The error for a log that is not what it was; nil where it is.
    static func error(_ verification: LogVerification) -> SealiftError? {
        guard let finding = verification.finding else { return formerError(verification) }
        let place = verification.position.map { "entry \($0)" } ?? "the log"
        let message =
            switch finding {
            case "truncated":
                "the log was cut short, or an older one put back: \(place) and later are gone"
            case "rewritten": "another device kept a head of this log that contradicts it"
            case "head_missing": "log.head, which says where the log stood, is missing"
            case "other_log": "log.head is another log's"
            default: "\(place) was \(finding)"
            }
        return SealiftError(
            .logDamaged, message,
            advice:
                "Nothing is repaired. Ask who can write to SEALIFT_HOME; a copy of sealift.db from "
                + "before, or the other ends' logs, show what was there.")
    }

    /// The error for a log of a backup that is not what its device signed.
    private static func formerError(_ verification: LogVerification) -> SealiftError? {
        guard let former = verification.former.first(where: { $0.finding != nil }) else {
            return nil
        }
        let place = former.position.map { "entry \($0)" } ?? "it"
        return SealiftError(
            .logDamaged,
            "the log of device \(former.device), which a backup brought, is not what that device "
                + "signed: \(place) was \(former.finding ?? "")",
            advice: "Nothing is repaired. The backup file still has what was there.")
    }

    // MARK: Entries

    private func text(_ line: LogLine) -> String {
        let place = (line.former.map { "\($0.prefix(8))/" } ?? "") + "\(line.position)"
        guard let entry = line.entry else { return "\(place)  written by a newer sealift\n" }
        var words = [place, Self.time(entry.time), Self.word(entry.event)]
        if entry.direction != .none { words.append("\(entry.direction)") }
        if entry.result != .none { words.append("\(entry.result)") }
        if !entry.reason.isEmpty { words.append("(\(entry.reason))") }
        if let content = entry.content { words.append(ByteText.text(content.length)) }
        if let peer = line.peer { words.append("device \(peer)") }
        words += Self.paths(entry).map { PrintableText.escape($0) }
        return words.joined(separator: "  ") + "\n"
    }

    private func csv(_ line: LogLine) -> String {
        let entry = line.entry
        let cells: [String] = [
            "\(line.position)", entry.map { Self.time($0.time) } ?? "",
            entry.map { Self.word($0.event) } ?? "unknown", entry.map { "\($0.direction)" } ?? "",
            line.peer ?? "", entry?.transfer?.description ?? "",
            entry.map { "\($0.decision)" } ?? "", entry.map { "\($0.result)" } ?? "",
            entry?.reason ?? "", entry?.content.map { "\($0.length)" } ?? "",
            entry?.content?.root.hexadecimal ?? "", entry?.bytes.map { "\($0)" } ?? "",
            entry.map { Self.paths($0).map { PrintableText.escape($0) }.joined(separator: " ") }
                ?? "", line.former ?? "",
        ]
        return cells.map(Self.cell).joined(separator: ",") + "\r\n"
    }

    /// A cell of RFC 4180. Text that a spreadsheet would take for a formula is held back by an apostrophe.
    private static func cell(_ text: String) -> String {
        let guarded = text.first.map { "=+-@".contains($0) } == true ? "'" + text : text
        guard guarded.contains(where: { ",\"\r\n ".contains($0) }) else { return guarded }
        return "\"" + guarded.replacing("\"", with: "\"\"") + "\""
    }

    private func json(_ line: LogLine) -> JSONText {
        guard let entry = line.entry else {
            return JSONEvents.object(
                "log_entry",
                [
                    ("position", .integer(line.position)), ("kind", .null),
                    ("former", line.former.map { .string($0) } ?? .null),
                ])
        }
        let subject = LogSubject(entry)
        let paths = subject.paths.map { JSONText.object(JSONEvents.path($0)) }
        return JSONEvents.object(
            "log_entry",
            [
                ("position", .integer(line.position)), ("kind", .string(Self.word(entry.event))),
                ("time", .string(Self.time(entry.time))),
                ("direction", Self.text("\(entry.direction)")),
                ("peer", line.peer.map { .string($0) } ?? .null),
                ("transfer", entry.transfer.map { .string($0.description) } ?? .null),
                ("decision", Self.text("\(entry.decision)")),
                ("result", Self.text("\(entry.result)")), ("reason", Self.text(entry.reason)),
                ("length", entry.content.map { .integer($0.length) } ?? .null),
                ("root", entry.content.map { .string($0.root.hexadecimal) } ?? .null),
                ("bytes", entry.bytes.map { .integer($0) } ?? .null),
                ("paths", .array(paths)),
                ("former", line.former.map { .string($0) } ?? .null),
            ] + subject.members)
    }

    /// `none` and nothing are null for scripts.
    private static func text(_ word: String) -> JSONText {
        word.isEmpty || word == "none" ? .null : .string(word)
    }

    private static func paths(_ entry: AuditEntry) -> [[UInt8]] {
        entry.subject.split(separator: 0).map(Array.init)
    }

    /// `transfer_started` for `transferStarted`.
    private static func word(_ event: AuditEntry.Event) -> String {
        "\(event)".map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined()
    }

    /// `2026-11-21T15:04:05Z`; seconds since 1970 for a clock that lies beyond the years 1970 to 9999.
    static func time(_ time: WallTime) -> String {
        let seconds = time.secondsSince1970
        guard (0..<253_402_300_800).contains(seconds) else { return "\(seconds)" }
        return Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }
}

internal import Sealift
internal import SealiftBase
internal import SealiftPeople

/// What `sealift inbox` shows. The label is the offerer's text, and always escaped.
enum InboxView {
    /// So many digits of an id tell offers apart.
    private static let shownDigits = 8
    private static let stateWidth = 10

    /// One line of `inbox list`.
    static func line(_ item: InboxItem, style: TerminalStyle) -> String {
        var words = [
            String(item.id.description.prefix(shownDigits)), LogView.time(item.time),
            ShareView.padded(item.state.rawValue, stateWidth),
            ShareView.padded(PersonText.name(item.from), 20)
                + ShareView.padded(ByteText.text(item.byteCount), 10)
                + files(item),
        ]
        if let mark = PersonText.mark(item.from, style: style) { words.append(mark) }
        words.append(item.label.description)
        if let held = item.held {
            words.append(
                "since \(LogView.time(held.since)) in \(PrintableText.escape(held.folder))")
        }
        return words.joined(separator: "  ") + "\n"
    }

    /// `inbox show`.
    static func text(_ item: InboxItem, style: TerminalStyle) -> String {
        var text =
            style.strong("offer") + "     \(item.id)\n"
            + "label     \(item.label)\n"
            + "from      \(PersonText.name(item.from))"
        text += PersonText.mark(item.from, style: style).map { "  \($0)" } ?? ""
        text +=
            "\n"
            + "device    \(item.device)\n"
            + "size      \(ByteText.text(item.byteCount)) in \(files(item)), as they say\n"
            + "offered   \(LogView.time(item.time))\n"
            + "state     \(item.state.rawValue)"
        if let rule = item.rule { text += ", by rule \(rule)" }
        if let destination = item.destination {
            text += "\ninto      \(PrintableText.escape(destination))"
        }
        if let held = item.held {
            text +=
                "\nheld in   \(PrintableText.escape(held.folder))"
                + "\nsince     \(LogView.time(held.since))"
        }
        return text + "\n"
    }

    /// An offer, for a script.
    static func json(_ item: InboxItem) -> JSONText {
        JSONEvents.object(
            "inbox",
            [("id", .string(item.id.description)), ("state", .string(item.state.rawValue))]
                + PersonText.members(item.from) + [
                    ("device", .string(item.device)), ("label", .string(item.label.description)),
                    ("bytes", .integer(item.byteCount)), ("entries", .integer(item.entryCount)),
                    ("time", .string(LogView.time(item.time))),
                    ("rule", item.rule.map { .signed($0) } ?? .null),
                ]
                + (item.destination.map { JSONEvents.path($0, named: "into") }
                    ?? [("into", .null)])
                + (item.held.map {
                    JSONEvents.path($0.folder, named: "held_in")
                        + [("held_since", .string(LogView.time($0.since)))]
                } ?? [("held_in", .null), ("held_since", .null)]))
    }

    /// A name that was taken.
    static func line(_ item: NumberedItem) -> String {
        "numbered: \(PrintableText.escape(item.path)) is there already; this one is "
            + "\(PrintableText.escape(item.name))\n"
    }

    /// A name that was taken, for a script.
    static func json(_ item: NumberedItem) -> JSONText {
        JSONEvents.object(
            "numbered",
            JSONEvents.path(item.path) + JSONEvents.path(item.name, named: "name"))
    }

    private static func files(_ item: InboxItem) -> String {
        item.entryCount == 1 ? "1 entry" : "\(item.entryCount) entries"
    }
}

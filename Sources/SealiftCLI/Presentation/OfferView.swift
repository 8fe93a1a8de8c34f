internal import Sealift
internal import SealiftBase

/// What a sender offers, for a person who has to decide.
enum OfferView {
    /// How many entries are shown before "and N more".
    static let firstEntries: UInt64 = 20

    /// Totals, what is here already, where it goes and the space there.
    static func totals(_ offer: OfferSummary, style: TerminalStyle) -> String {
        var size = ByteText.text(offer.bytes)
        if offer.dataBytes < offer.bytes {
            size += " (\(ByteText.text(offer.dataBytes)) without holes)"
        }
        let others = offer.entries - min(offer.files, offer.entries)
        let more = others == 0 ? "" : " and \(others) other \(others == 1 ? "entry" : "entries")"
        var text =
            style.strong("offered:") + " \(ByteText.count(offer.files, "file"))\(more), \(size)\n"
        if offer.reusableBytes > 0 || offer.isContinued {
            text +=
                "here already: \(ByteText.text(offer.reusableBytes)), proven by an earlier run\n"
        }
        text += plan(offer.plan, style: style)
        text += "into: \(PrintableText.escape(offer.output))"
        if let free = offer.freeSpace { text += " (\(ByteText.text(free)) free)" }
        text += "\n"
        let needed = offer.dataBytes - min(offer.reusableBytes, offer.dataBytes)
        if let free = offer.freeSpace, free < needed {
            text += style.warning("warning:") + " \(ByteText.text(needed)) are needed there\n"
        }
        return text
    }

    /// What is taken of the offer where that is not simply everything, and what happens to names that
    /// are taken.
    private static func plan(_ plan: ReceptionPlan, style: TerminalStyle) -> String {
        var text = ""
        if plan.unselectedFiles + plan.skippedFiles > 0 {
            text +=
                "taken: \(ByteText.count(plan.takenFiles, "file")), "
                + "\(ByteText.text(plan.takenBytes)) (\(plan.unselectedFiles) not selected, "
                + "\(plan.skippedFiles) skipped because the name is taken)\n"
        }
        if plan.renamedFiles > 0 {
            text += "renamed: \(ByteText.count(plan.renamedFiles, "file")) whose name is taken\n"
        }
        if plan.overwrittenFiles > 0 {
            text +=
                style.warning("overwritten:")
                + " \(ByteText.count(plan.overwrittenFiles, "file")) that exist\n"
        }
        if plan.conflicts > 0 {
            text +=
                style.warning("in the way:")
                + " \(ByteText.count(plan.conflicts, "name")) taken; nothing can be received\n"
        }
        return text
    }

    /// One entry on one line: its size, or what it is, and its escaped path.
    static func line(_ entry: OfferEntry) -> String {
        let path = PrintableText.escape(entry.path)
        switch entry.kind {
        case .file(let size, let isExecutable):
            return column(ByteText.text(size)) + "  \(path)\(isExecutable ? " *" : "")\n"
        case .directory:
            return column("folder") + "  \(path)/\n"
        case .symbolicLink(let target):
            return column("link") + "  \(path) -> \(PrintableText.escape(target))\n"
        }
    }

    /// What follows the entries shown: how many more there are, or nothing.
    static func rest(_ offer: OfferSummary, shown: UInt64) -> String {
        guard offer.entries > shown else { return "" }
        return column("") + "  and \(offer.entries - shown) more (--dry-run shows all)\n"
    }

    private static func column(_ text: String) -> String {
        String(repeating: " ", count: max(0, 10 - text.count)) + text
    }
}

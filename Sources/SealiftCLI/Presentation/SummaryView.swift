internal import Sealift
internal import SealiftBase

/// What a finished transfer amounts to, for a person.
enum SummaryView {
    static func text(_ summary: TransferSummary, style: TerminalStyle) -> String {
        let headline = summary.failed == 0 ? style.good("done:") : style.warning("done, in part:")
        var facts = [ByteText.count(summary.files, "file"), ByteText.text(summary.bytes)]
        if summary.reused > 0 { facts.append("\(ByteText.text(summary.reused)) were here already") }
        if summary.skipped > 0 { facts.append("\(summary.skipped) skipped") }
        if summary.failed > 0 { facts.append("\(summary.failed) failed") }
        var text = headline + " " + facts.joined(separator: ", ") + "\n"
        let extent = summary.isWhole ? "the same at both ends" : "of what was taken, at both ends"
        text += "root: \(summary.root.hexadecimal) (\(extent))\n"
        if summary.verifiedDisk { text += "every file was read back from the disk\n" }
        if summary.failed > 0 {
            text +=
                style.strong("what to do:")
                + " The files named above were not delivered; send them again with a new ticket.\n"
        }
        return text
    }
}

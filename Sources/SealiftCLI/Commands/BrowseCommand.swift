internal import ArgumentParser
internal import Sealift

/// `sealift browse`: what a contact shares with this user.
struct BrowseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "browse",
        abstract: "Show what a contact shares with you.",
        usage: "sealift browse <contact>[/<share>[/<folder>]] [<options>]",
        discussion: """
            Their machine has to run `sealift up`. You see what was granted to you and nothing \
            else; who has not added you, or shares nothing with you, cannot be told from a machine \
            that is off. Of a contact with several devices each is asked; of two shares of one \
            name, `get` takes the one of the first device that answers.

            EXAMPLES:
              sealift browse alice                    every share of hers that you may see
              sealift browse alice/llm-v3             what lies in one
              sealift browse alice/llm-v3/weights

            \(HelpText.exitStatus)
            """)

    @OptionGroup var reach: ReachOptions

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The contact, and what of theirs: alice, alice/llm-v3, alice/llm-v3/weights.")
    var place: String

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, cancellation throws(SealiftError) in
            let place = try SharePath(place)
            var reach = try reach.reach(cancellation)
            reach.notice = { [json] warning in
                if json {
                    StandardStream.output.write(
                        JSONEvents.line(.warning(warning)).line + "\n")
                } else {
                    let terminal = TerminalOutput.standardError()
                    terminal.show(
                        terminal.style.warning("warning:") + " \(warning.message)\n")
                }
            }
            guard place.share != nil else {
                let shares = try browseShares(
                    of: place.contact, reach, cancellation: cancellation)
                let hasDevices = Set(shares.map(\.device)).count > 1
                for share in shares {
                    output.write(
                        json
                            ? BrowseView.json(share, of: place.contact).line + "\n"
                            : BrowseView.line(share, hasDevice: hasDevices, style: .ofProcess()))
                }
                if shares.isEmpty, !json {
                    TerminalOutput.standardError().show(
                        "\(place.contact) shares nothing with you\n")
                }
                return
            }
            let folder = try browseFolder(place, reach, cancellation: cancellation)
            for item in folder.items {
                output.write(
                    json
                        ? BrowseView.json(item).line + "\n"
                        : BrowseView.line(item, style: .ofProcess()))
            }
            if folder.isFull {
                TerminalOutput.standardError().show(
                    "a folder shows its first \(folder.items.count) items; name a folder inside, "
                        + "or download with --include, to reach the others\n")
            }
        }
    }
}

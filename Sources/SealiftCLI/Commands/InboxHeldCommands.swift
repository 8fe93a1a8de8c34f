internal import ArgumentParser
internal import Sealift
internal import SealiftBase

/// `sealift inbox release`.
struct InboxReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Move what is held in quarantine to where it goes.",
        usage: "sealift inbox release <id> [--into <folder>]",
        discussion: """
            Nothing is copied and nothing is replaced: folders that are there are merged with, and \
            what finds its name taken gets a number, and is named. Files that were offered as \
            executable become so. After an interruption, run the same command again.

            \(HelpText.exitStatus)
            """)

    @Option(
        help: ArgumentHelp(
            "Another folder than the rule's, on the same file system.", valueName: "folder"))
    var into: PathArgument?

    @OptionGroup var offer: OfferArguments

    func run() throws {
        try ContactCommand.run(asJSON: offer.json) { output, cancellation throws(SealiftError) in
            let item = try releaseOffer(
                offer.id, into: into?.bytes, home: Environment.home,
                passphrase: PassphraseInput.source(cancellation)
            ) { item in
                output.write(
                    offer.json ? InboxView.json(item).line + "\n" : InboxView.line(item))
            }
            output.write(
                offer.json
                    ? InboxView.json(item).line + "\n"
                    : "released into \(PrintableText.escape(item.destination ?? [])): "
                        + InboxView.line(item, style: .ofProcess()))
        }
    }
}

/// `sealift inbox discard`.
struct InboxDiscardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard",
        abstract: "Delete what is held in quarantine; they do not hear of it.",
        usage: "sealift inbox discard <id> [--yes]",
        discussion: HelpText.exitStatus)

    @Flag(help: "Delete without asking.")
    var yes = false

    @OptionGroup var offer: OfferArguments

    func run() throws {
        try ContactCommand.run(asJSON: offer.json) { output, cancellation throws(SealiftError) in
            if !yes {
                try ask(try readOffer(offer.id, home: Environment.home), cancellation)
            }
            let item = try discardOffer(
                offer.id, home: Environment.home,
                passphrase: PassphraseInput.source(cancellation))
            output.write(
                offer.json
                    ? InboxView.json(item).line + "\n"
                    : "discarded: " + InboxView.line(item, style: .ofProcess()))
        }
    }

    private func ask(
        _ item: InboxItem, _ cancellation: Cancellation
    ) throws(SealiftError) {
        // What is not held is said by the deed itself.
        guard item.held != nil else { return }
        guard let terminal = PersonTerminal(cancellation: cancellation) else {
            throw SealiftError(
                .usage, "nobody can be asked whether to delete it", advice: "Add --yes.")
        }
        terminal.show(InboxView.text(item, style: .ofProcess()))
        let answer = try terminal.ask("Delete this for good? [y/N] ") ?? ""
        switch answer.lowercased().filter({ !$0.isWhitespace }) {
        case "y", "yes": return
        default:
            throw SealiftError(
                .declined, "nothing was deleted", advice: "It is held as before.")
        }
    }
}

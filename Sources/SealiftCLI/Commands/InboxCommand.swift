internal import ArgumentParser
internal import Sealift

/// `sealift inbox`: what contacts offer.
struct InboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox",
        abstract: "Show what contacts offer; take it, or say no.",
        discussion: """
            An offer is a name and a size: nothing of it is on this machine before a yes. An offer is \
            named by the first digits of its id. At most 16 of one contact wait, and 256 in all. What a \
            rule takes (`sealift rule`) needs no answer; what a rule with --quarantine took is held, and \
            waits to be released or discarded.

            EXAMPLES:
              sealift inbox list
              sealift inbox show 9f3a
              sealift inbox accept 9f3a --output incoming
              sealift inbox decline 9f3a
              sealift inbox release 9f3a
              sealift inbox discard 9f3a

            \(HelpText.exitStatus)
            """,
        subcommands: [
            InboxListCommand.self, InboxShowCommand.self, InboxAcceptCommand.self,
            InboxDeclineCommand.self, InboxReleaseCommand.self, InboxDiscardCommand.self,
        ],
        defaultSubcommand: InboxListCommand.self)
}

/// `sealift inbox list`.
struct InboxListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the offers that wait, were accepted or are held, oldest first.",
        discussion: HelpText.exitStatus)

    @Flag(help: "Show those that were declined, came or were discarded, too.")
    var all = false

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, _ throws(SealiftError) in
            for item in try readInbox(all: all, home: Environment.home) {
                output.write(
                    json
                        ? InboxView.json(item).line + "\n"
                        : InboxView.line(item, style: .ofProcess()))
            }
        }
    }
}

/// The id of an offer, and the form of what is shown.
struct OfferArguments: ParsableArguments {
    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "How the offer's id begins: at least four digits.")
    var id: String
}

/// `sealift inbox show`.
struct InboxShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show everything that is known of an offer.",
        discussion: HelpText.exitStatus)

    @OptionGroup var offer: OfferArguments

    func run() throws {
        try ContactCommand.run(asJSON: offer.json) { output, _ throws(SealiftError) in
            let item = try readOffer(offer.id, home: Environment.home)
            output.write(
                offer.json
                    ? InboxView.json(item).line + "\n"
                    : InboxView.text(item, style: .ofProcess()))
        }
    }
}

/// `sealift inbox decline`.
struct InboxDeclineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decline", abstract: "Say no; the contact hears it when you meet next.",
        discussion: HelpText.exitStatus)

    @OptionGroup var offer: OfferArguments

    func run() throws {
        try ContactCommand.run(asJSON: offer.json) { output, cancellation throws(SealiftError) in
            let item = try declineOffer(
                offer.id, home: Environment.home,
                passphrase: PassphraseInput.source(cancellation))
            output.write(
                offer.json
                    ? InboxView.json(item).line + "\n"
                    : "declined: " + InboxView.line(item, style: .ofProcess()))
        }
    }
}

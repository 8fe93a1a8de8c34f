internal import ArgumentParser
internal import Sealift

/// `sealift inbox accept`.
struct InboxAcceptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Say yes, and receive what is offered.",
        usage: "sealift inbox accept <id> [--output <folder>] [<options>]",
        discussion: """
            Their `sealift send --to` has to run still. Nothing larger than what was offered is taken. \
            After an interruption, run the same command again: what was proven is not sent again.

            \(HelpText.exitStatus)
            """)

    @OptionGroup var reception: ReceptionOptions

    @OptionGroup var reach: ReachOptions

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "How the offer's id begins: at least four digits.")
    var id: String

    func run() throws {
        let mode = try reception.question()
        let run = TransferRun(asJSON: json)
        try run.run(question: mode) { observer, cancellation throws(SealiftError) in
            try acceptOffer(
                id, into: reception.outputBytes, reach.reach(cancellation), observer: observer,
                cancellation: cancellation
            ) { reception.apply(to: &$0) }
        }
    }
}

internal import ArgumentParser
internal import Sealift
internal import SealiftTraversal

/// `sealift receive`: takes a ticket, shows what is offered, and receives it.
struct ReceiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receive",
        abstract: "Receive what a ticket or a code stands for.",
        usage: "sealift receive [<options>]",
        discussion: """
            The ticket comes from --ticket-file, else SEALIFT_TICKET, else the first line of standard \
            input, else a question; never from an argument, which others on this machine can read. \
            A code (48213-copper-orbit-tiger) may stand for it where SEALIFT_RENDEZVOUS names the \
            sender's server. \
            Before anything is written, what is offered is shown and a question asked. Nothing that \
            exists is overwritten. After an interruption, run the same command again: what was proven is \
            not sent again.

            EXAMPLES:
              sealift receive --output ~/incoming
              sealift receive --yes --ticket-file t
              echo "$TICKET" | sealift receive --yes --json | jq .event
              sealift receive --dry-run              shows every name, takes nothing

            \(HelpText.exitStatus)
            """)

    @Option(
        help: ArgumentHelp(
            "The folder to receive into; created where it is missing (default: the current one).",
            valueName: "folder"))
    var output: PathArgument?

    @Option(help: ArgumentHelp("Read the ticket from this file.", valueName: "file"))
    var ticketFile: PathArgument?

    @Flag(help: "Receive without a question; needed where no terminal is there to ask.")
    var yes = false

    @Flag(help: "Show every entry that is offered and take nothing; the ticket stays free.")
    var dryRun = false

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    // Caught here so that the parser's own message does not repeat a ticket.
    @Argument(help: .hidden)
    var unexpected: [String] = []

    func validate() throws {
        if let first = unexpected.first {
            let isSecret =
                first.lowercased().hasPrefix("sealift1") || PairingCode.looksLikeOne(first)
            guard isSecret else {
                throw ValidationError("`sealift receive` takes no argument")
            }
            throw ValidationError(
                "a ticket or code is never an argument: others on this machine can read it there. "
                    + "Give it by --ticket-file FILE, SEALIFT_TICKET, or standard input")
        }
        if yes && dryRun { throw ValidationError("--yes and --dry-run contradict each other") }
    }

    func run() throws {
        let inputIsTerminal = StandardStream.input.isTerminal
        let source = try TicketSource.choose(
            file: ticketFile?.bytes, environment: Environment.text("SEALIFT_TICKET"),
            inputIsTerminal: inputIsTerminal)
        let mode = try Question.mode(
            yes: yes, dryRun: dryRun, hasPerson: inputIsTerminal && StandardStream.error.isTerminal)
        let run = TransferRun(asJSON: json)
        try run.run(question: mode) { observer, cancellation throws(SealiftError) in
            let options = try options(
                source.read(cancellation: cancellation), cancellation: cancellation)
            return try runReceive(options, observer: observer, cancellation: cancellation)
        }
    }

    private func options(
        _ text: String, cancellation: Cancellation
    ) throws(SealiftError) -> ReceiveOptions {
        let output = output?.bytes ?? Array(".".utf8)
        guard PairingCode.looksLikeOne(text) else {
            return try ReceiveOptions(ticketText: text, output: output, home: Environment.home)
        }
        return try ReceiveOptions(
            codeText: text, servers: Environment.rendezvous(), output: output,
            home: Environment.home, cancellation: cancellation)
    }
}

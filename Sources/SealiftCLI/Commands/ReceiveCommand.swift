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
            exists is overwritten unless --on-conflict says so. After an interruption, run the same \
            command again: what was proven is not sent again.

            PATTERN is a name or path with *, ?, [a-z] and **, as in .gitignore: without a slash it \
            fits names in any folder, with one it begins at the top of what is offered. A folder \
            that fits stands for all that lies in it.

            EXAMPLES:
              sealift receive --output ~/incoming
              sealift receive --yes --ticket-file t
              echo "$TICKET" | sealift receive --yes --json | jq .event
              sealift receive --dry-run              shows every name, takes nothing
              sealift receive --include '*.safetensors' --on-conflict skip

            \(HelpText.exitStatus)
            """)

    @Option(help: ArgumentHelp("Read the ticket from this file.", valueName: "file"))
    var ticketFile: PathArgument?

    @OptionGroup var reception: ReceptionOptions

    @OptionGroup var network: NetworkOptions

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
    }

    func run() throws {
        let inputIsTerminal = StandardStream.input.isTerminal
        let source = try TicketSource.choose(
            file: ticketFile?.bytes, environment: Environment.text("SEALIFT_TICKET"),
            inputIsTerminal: inputIsTerminal)
        let mode = try reception.question()
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
        let output = reception.outputBytes
        let servers = network.noSignaling ? [] : try Environment.rendezvous()
        let relay = try network.relayAccess(meetingAt: servers)
        var options =
            PairingCode.looksLikeOne(text)
            ? try ReceiveOptions(
                codeText: text, servers: servers, output: output,
                home: Environment.home, network: network.policy, cancellation: cancellation)
            : try ReceiveOptions(ticketText: text, output: output, home: Environment.home)
        options.passphrase = PassphraseInput.source(cancellation)
        options.rendezvous = servers
        options.stun = try network.servers()
        options.network = network.policy
        options.relay = relay
        reception.apply(to: &options)
        return options
    }
}

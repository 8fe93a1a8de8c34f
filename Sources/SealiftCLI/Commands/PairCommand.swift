internal import ArgumentParser
internal import Sealift
internal import SealiftPeople
internal import SealiftTraversal

/// `sealift pair`: makes somebody a contact, by a code that one shows and the other types.
struct PairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pair",
        abstract: "Make somebody a contact: one shows a code, the other types it.",
        usage: "sealift pair [--accept] [--name <name>] [<options>]",
        discussion: """
            One end runs `sealift pair` and says the code that it shows; the other runs `sealift pair \
            --accept` and types it. Both see who is there, each chooses a name for the other, and only \
            then both store it: nobody is a contact of one side alone. A wrong word uses the code up, \
            and the end that shows it shows a new one.

            Both need an identity (`sealift id`) and SEALIFT_RENDEZVOUS. The code comes from a question, \
            or from the first line of standard input; never from an argument. Where nobody can be asked, \
            --name is needed. Pairing with a contact again renews the keys; the name stays.

            EXAMPLES:
              sealift pair
              sealift pair --accept --name bob
              sealift pair --as ann          ann is suggested to the other end as your name

            \(HelpText.exitStatus)
            """)

    @Flag(help: "Type the code that the other end shows.")
    var accept = false

    @OptionGroup var naming: PairNaming

    @OptionGroup var listening: ListeningOptions

    @OptionGroup var network: NetworkOptions

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    // Caught here so that the parser's own message does not repeat a code.
    @Argument(help: .hidden)
    var unexpected: [String] = []

    func validate() throws {
        if let first = unexpected.first {
            throw ValidationError(
                PairingCode.looksLikeOne(first)
                    ? "a code is never an argument: others on this machine can read it there. Give it "
                        + "by standard input"
                    : "`sealift pair` takes no argument")
        }
        guard !accept || listening.isUnused else {
            throw ValidationError("--listen and --advertise belong to the end that shows the code")
        }
        guard !accept || naming.wait == nil else {
            throw ValidationError("--wait belongs to the end that shows the code")
        }
        guard !network.noSignaling else {
            throw ValidationError(
                "a code needs a server: use `sealift contact export` with --no-signaling")
        }
        try listening.check(against: network)
    }

    func run() throws {
        let run = PairingRun(asJSON: json, naming: naming, network: network)
        try run.run { cancellation throws(SealiftError) in
            guard accept else { return PairOptions(.showCode) }
            return PairOptions(.typeCode(try Self.readCode(cancellation)))
        } prepare: { options in
            options.listen = listening.listen.map(\.address)
            options.advertise = listening.advertise.map(\.address)
        }
    }

    static func readCode(_ cancellation: Cancellation) throws(SealiftError) -> String {
        let reader = LineReader(cancellation: cancellation)
        let outcome =
            StandardStream.input.isTerminal
            ? TicketPrompt.readLine(reader, asking: "Code: ") : reader.readLine()
        switch outcome {
        case .line(let line) where line.contains { $0 > 32 }:
            return String(decoding: line, as: UTF8.self)
        case .line, .nothing:
            throw SealiftError(
                .usage, "no code was given", advice: "Type it, or give it by standard input.")
        case .stopped:
            throw SealiftError(
                .interrupted, "stopped before the end", advice: "Run the same command again.")
        }
    }
}

/// What a contact is called, and how long one waits for it.
struct PairNaming: ParsableArguments {
    @Option(help: ArgumentHelp("What to call the contact (default: asked).", valueName: "name"))
    var name: String?

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("What to suggest to the other end as your name.", valueName: "name"))
    var suggestion: String?

    @Option(
        help: ArgumentHelp(
            "How long to wait for the other end, such as 10m (default: 1h).", valueName: "time"),
        transform: DurationArgument.init(argument:))
    var wait: DurationArgument?

    func validate() throws {
        if let suggestion, (try? ContactName(suggestion)) == nil {
            throw ValidationError("--as takes letters of one script, digits, and - _ . or spaces")
        }
        let hasPerson = StandardStream.input.isTerminal && StandardStream.error.isTerminal
        guard name != nil || hasPerson else {
            throw ValidationError(
                "--name is needed: nobody can be asked, standard input and error are not both a "
                    + "terminal")
        }
    }
}

/// A run of the commands that make somebody a contact.
struct PairingRun {
    let asJSON: Bool
    let naming: PairNaming
    let network: NetworkOptions

    /// - Parameters:
    ///   - begin: how the two ends meet; may block.
    ///   - prepare: the rest of the options.
    ///   - invitation: the file that is written; nil for none.
    ///   - showsQR: whether the invitation is shown too, as a QR code.
    func run(
        invitation: String? = nil, showsQR: Bool = false,
        _ begin: (Cancellation) throws(SealiftError) -> PairOptions,
        prepare: (inout PairOptions) -> Void
    ) throws {
        let transfer = TransferRun(asJSON: asJSON)
        let output = ResultOutput(cancellation: transfer.cancellation)
        let dialog = PairDialog(
            terminal: transfer.terminal, output: output, asJSON: asJSON, invitation: invitation,
            showsQR: showsQR, cancellation: transfer.cancellation)
        do throws(SealiftError) {
            var options = try begin(transfer.cancellation)
            prepare(&options)
            options.name = naming.name
            options.suggestion = naming.suggestion.flatMap { try? ContactName($0) }
            options.wait = naming.wait.map { .seconds($0.seconds) }
            options.rendezvous = network.noSignaling ? [] : try Environment.rendezvous()
            options.stun = try network.servers()
            options.network = network.policy
            options.relay = try network.relayAccess(meetingAt: options.rendezvous)
            options.home = Environment.home
            options.passphrase = PassphraseInput.source(transfer.cancellation)
            let summary = try runPair(
                options, observer: dialog, cancellation: transfer.cancellation)
            if asJSON { output.write(ContactView.json(summary).line + "\n") }
            if let failure = output.failure { throw failure }
            transfer.terminal.show(
                (summary.isNew ? "a contact now: " : "paired again: ")
                    + ContactView.line(summary.contact, style: transfer.terminal.style))
        } catch {
            let error = output.failure ?? error
            ErrorView.show(error, asJSON: asJSON)
            throw Program.Ending(status: error.exitStatus)
        }
    }
}

internal import ArgumentParser
internal import Sealift
internal import SealiftPeople
internal import SealiftTraversal

/// `sealift device add`: makes a machine a further device of the user.
struct DeviceAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Make another machine a device of yours: one shows a code, the new one types it.",
        usage: "sealift device add [--name <name>] [<options>]\n"
            + "       sealift device add --join [--name <name>] [<options>]",
        discussion: """
            Run `sealift device add` on a device of yours, and `sealift device add --join` on the new \
            machine, which has no identity yet; type the code there. The device of yours shows the new \
            one's fingerprint, which stands on its own screen too, asks whether it may join, and only \
            then wants the recovery words. The new device gets your contacts, and no secret of this \
            one; shares, rules and the log stay where they are. Contacts take it once this device has \
            spoken with them again.

            With --export and --from a file goes from one machine to the other instead of a code; then no \
            server is needed. Where the connection was lost, the same two commands mend it.

            EXAMPLES:
              sealift device add                       here
              sealift device add --join --name laptop  on the new machine
              sealift device add --export /media/stick/link
              sealift device add --join --from /media/stick/link

            \(HelpText.exitStatus)
            """)

    @Flag(help: "This is the new machine: join the identity of who shows the code.")
    var join = false

    @Option(
        help: ArgumentHelp(
            "What to call the new device (default: what it calls itself).", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Write an invitation to this new file instead of showing a code.", valueName: "file"))
    var export: PathArgument?

    @Option(
        help: ArgumentHelp(
            "With --join: the file that --export wrote, instead of a code.", valueName: "file"))
    var from: PathArgument?

    @Option(
        help: ArgumentHelp(
            "Read the recovery words from this file instead of asking.", valueName: "file"))
    var wordsFile: PathArgument?

    @Flag(help: "Let the machine that has the code or the file join without a question.")
    var yes = false

    @Flag(help: "With --join: keep this machine's secrets by the modes of SEALIFT_HOME alone.")
    var noPassphrase = false

    @Option(
        help: ArgumentHelp(
            "How long to wait for the new machine, such as 10m (default: 1h).",
            valueName: "time"),
        transform: DurationArgument.init(argument:))
    var wait: DurationArgument?

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
                    : "`sealift device add` takes no argument")
        }
        if let name, (try? ContactName(name)) == nil {
            throw ValidationError(
                "--name takes letters of one script, digits, and - _ . or spaces")
        }
        guard !network.noSignaling || export != nil || from != nil else {
            throw ValidationError("a code needs a server: use --export and --from")
        }
        if join {
            guard listening.isUnused, wait == nil, export == nil, wordsFile == nil, !yes else {
                throw ValidationError(
                    "--listen, --advertise, --wait, --export, --words-file and --yes belong to the "
                        + "device that is there")
            }
        } else {
            guard from == nil, !noPassphrase else {
                throw ValidationError("--from and --no-passphrase belong to --join")
            }
            let hasPerson = StandardStream.input.isTerminal && StandardStream.error.isTerminal
            guard yes || hasPerson else {
                throw ValidationError(
                    "--yes is needed: nobody can be asked, standard input and error are not both a "
                        + "terminal")
            }
            try listening.check(against: network)
        }
    }

    func run() throws {
        let transfer = TransferRun(asJSON: json)
        let output = ResultOutput(cancellation: transfer.cancellation)
        do throws(SealiftError) {
            if join {
                try runJoin(transfer, output)
            } else {
                try runAdd(transfer, output)
            }
            if let failure = output.failure { throw failure }
        } catch {
            let error = output.failure ?? error
            ErrorView.show(error, asJSON: json)
            throw Program.Ending(status: error.exitStatus)
        }
    }

    private func options(
        _ way: PairOptions.Way, _ cancellation: Cancellation
    ) throws(SealiftError) -> PairOptions {
        var options = PairOptions(way)
        options.wait = wait.map { .seconds($0.seconds) }
        options.listen = listening.listen.map(\.address)
        options.advertise = listening.advertise.map(\.address)
        options.rendezvous = network.noSignaling ? [] : try Environment.rendezvous()
        options.stun = try network.servers()
        options.network = network.policy
        options.relay = try network.relayAccess(meetingAt: options.rendezvous)
        options.home = Environment.home
        options.passphrase = PassphraseInput.source(cancellation)
        return options
    }

    private func runAdd(
        _ transfer: TransferRun, _ output: ResultOutput
    ) throws(SealiftError) {
        var options = try options(
            export.map { .exportInvitation(to: $0.bytes) } ?? .showCode, transfer.cancellation)
        options.name = name
        // A file that holds no words is said before anybody waits.
        if let wordsFile {
            _ = try WordsInput(cancellation: transfer.cancellation).read(
                file: wordsFile, purpose: "")
        }
        let dialog = LinkDialog(
            terminal: transfer.terminal, output: output, asJSON: json,
            file: export?.printable, wordsFile: wordsFile, asks: !yes,
            cancellation: transfer.cancellation)
        let summary = try runLinkHost(
            options, observer: dialog, cancellation: transfer.cancellation)
        if json {
            output.write(DeviceView.json(summary).line + "\n")
        } else {
            output.write("added: " + DeviceView.line(summary.device, style: .ofProcess()))
        }
    }

    private func runJoin(
        _ transfer: TransferRun, _ output: ResultOutput
    ) throws(SealiftError) {
        try checkJoin(home: Environment.home)
        let way: PairOptions.Way
        if let from {
            way = .importInvitation(try ContactImportCommand.text(from, transfer.cancellation))
        } else {
            way = .typeCode(try PairCommand.readCode(transfer.cancellation))
        }
        let passphrase = noPassphrase ? nil : try PassphraseInput.choose(transfer.cancellation)
        var options = try options(way, transfer.cancellation)
        options.suggestion = (name ?? Environment.machineName).flatMap { try? ContactName($0) }
        let dialog = LinkDialog(
            terminal: transfer.terminal, output: output, asJSON: json, file: nil, wordsFile: nil,
            asks: false, cancellation: transfer.cancellation)
        let summary = try runLinkGuest(
            options, passphrase: passphrase, observer: dialog,
            cancellation: transfer.cancellation)
        output.write(
            json
                ? DeviceView.json(summary).line + "\n"
                : DeviceView.text(summary, style: .ofProcess()))
    }
}

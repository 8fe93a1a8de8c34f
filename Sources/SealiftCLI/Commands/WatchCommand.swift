internal import ArgumentParser
internal import Glibc
internal import Sealift

/// `sealift watch`: offers new checkpoints of a folder to contacts, in the foreground.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Offer each new checkpoint in a folder to contacts as soon as it is complete.",
        usage: "sealift watch <folder> --to <contact>[,<contact>] [<options>]",
        discussion: """
            Runs until Ctrl-C. A file or folder directly in the folder counts as complete when nothing about \
            it changed for the settle time and nobody is known to write to it. It is then offered to every \
            contact as `sealift send --to` does, again and again while they are away. What a contact has \
            is not offered to them again, also by a later run.

            With --delete-after-receipt a checkpoint is deleted here once every contact signed a receipt \
            for the whole of it and it is unchanged since it was sent; each deletion is in `sealift log` \
            before it happens.

            EXAMPLES:
              sealift watch runs/llm --to eval-cluster --pattern '*.safetensors'
              sealift watch runs/llm --to eval,archive --pattern 'step-*/' --settle 2m
              sealift watch runs/llm --to eval --delete-after-receipt --keep-last 3

            \(HelpText.exitStatus)
            """)

    @Option(
        help: ArgumentHelp(
            "The contacts, with commas between them; repeatable.", valueName: "contact"))
    var to: [String]

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            """
            Only what has such a name, such as '*.safetensors', or 'step-*/' for folders; repeatable \
            (default: everything in the folder).
            """, valueName: "pattern"),
        transform: PatternArgument.init(argument:))
    var pattern: [PatternArgument] = []

    @Option(
        help: ArgumentHelp(
            "How long a checkpoint must stay as it is to count as complete (default: 30s).",
            valueName: "time"),
        transform: DurationArgument.init(argument:))
    var settle: DurationArgument?

    @Flag(help: "Delete here what every contact has, with a receipt, and what is unchanged since.")
    var deleteAfterReceipt = false

    @Option(
        help: ArgumentHelp(
            "With --delete-after-receipt: keep the newest so many of those that every contact has.",
            valueName: "number"))
    var keepLast: Int?

    @Option(
        help: ArgumentHelp(
            "How long an offer stays open before it is made anew, such as 24h or 7d (default: 24h).",
            valueName: "time"),
        transform: DurationArgument.init(argument:))
    var expires: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "Listen at this address, repeatable; the port is 0: each delivery has one of its own.",
            valueName: "addr:port"),
        transform: AddressArgument.init(argument:))
    var listen: [AddressArgument] = []

    @OptionGroup var traffic: TrafficOptions

    @OptionGroup var reach: ReachOptions

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The folder in which checkpoints appear.")
    var folder: PathArgument

    /// The names that `--to` holds.
    private var contacts: [String] {
        to.flatMap { $0.split(separator: ",").map(String.init) }
    }

    func validate() throws {
        guard !contacts.isEmpty else {
            throw ValidationError("--to names at least one contact")
        }
        guard keepLast == nil || deleteAfterReceipt else {
            throw ValidationError("--keep-last says what --delete-after-receipt leaves")
        }
        guard (keepLast ?? 0) >= 0 else {
            throw ValidationError("--keep-last is a number from 0")
        }
        guard listen.allSatisfy({ $0.address.port == 0 }) else {
            throw ValidationError("--listen takes port 0: each delivery has a port of its own")
        }
        guard listen.isEmpty || reach.network.bind.isEmpty else {
            throw ValidationError("--listen names addresses already: leave out --bind")
        }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let terminal = TerminalOutput.standardError()
        let cancellation = Cancellation()
        InterruptWatcher.start(cancellation: cancellation) {
            terminal.show("\nstopping (once more stops at once)\n")
        }
        let output = ResultOutput(cancellation: cancellation)
        do throws(SealiftError) {
            try runWatch(
                try options(cancellation),
                observer: WatchWatcher(terminal: terminal, output: output, asJSON: json),
                cancellation: cancellation)
            if let failure = output.failure { throw failure }
        } catch {
            ErrorView.show(error, asJSON: json)
            throw Program.Ending(status: error.exitStatus)
        }
    }

    private func options(_ cancellation: Cancellation) throws(SealiftError) -> WatchOptions {
        let way = try reach.reach(cancellation)
        var sending = SendOptions(
            paths: [], listen: listen.map(\.address),
            expires: expires.map { .seconds($0.seconds) } ?? SendOptions.defaultExpiry,
            traffic: traffic.policy, rendezvous: way.rendezvous, stun: way.stun,
            network: way.network, relay: way.relay, home: way.home)
        sending.passphrase = way.passphrase
        var options = WatchOptions(
            folder: folder.bytes, contacts: contacts, sending: sending, reach: way)
        options.patterns = pattern.map(\.pattern)
        if let settle { options.settle = .seconds(settle.seconds) }
        options.keepingNewest = deleteAfterReceipt ? keepLast ?? 0 : nil
        return options
    }
}

/// Tells what happens while a folder is watched.
struct WatchWatcher: WatchObserver {
    let terminal: TerminalOutput
    let output: ResultOutput
    let asJSON: Bool

    func handle(_ event: WatchEvent) {
        if asJSON {
            output.write(WatchView.json(event).line + "\n")
        } else if let text = WatchView.text(event, style: terminal.style) {
            terminal.show(text)
        }
    }
}

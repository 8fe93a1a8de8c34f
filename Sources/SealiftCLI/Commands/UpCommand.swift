internal import ArgumentParser
internal import Glibc
internal import Sealift

/// `sealift up`: serves shares and takes offers, in the foreground.
struct UpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Serve your shares to your contacts, and take their offers.",
        usage: "sealift up [<options>]",
        discussion: """
            Runs until Ctrl-C. Contacts find this machine on the local network, through the servers of \
            SEALIFT_RENDEZVOUS, or at an address that they were told (--listen with a fixed port). Nobody \
            else gets an answer to anything. Shares, members and rules may be changed while it runs: what \
            was revoked is cut within a second.

            Offers land only where a rule of yours says so (`sealift rule add`); others wait in \
            `sealift inbox`.

            EXAMPLES:
              sealift up
              sealift up --listen 0.0.0.0:7441 --rate 500mbit

            \(HelpText.exitStatus)
            """)

    @Option(
        help: ArgumentHelp(
            "Listen here, repeatable (default: 0.0.0.0:0 and [::]:0; port 0 takes a free one).",
            valueName: "addr:port"),
        transform: AddressArgument.init(argument:))
    var listen: [AddressArgument] = []

    @OptionGroup var traffic: TrafficOptions

    @OptionGroup var network: NetworkOptions

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    func validate() throws {
        guard listen.isEmpty || network.bind.isEmpty else {
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
            var options = UpOptions()
            options.listen = listen.map(\.address)
            options.traffic = traffic.policy
            options.rendezvous = network.noSignaling ? [] : try Environment.rendezvous()
            options.stun = try network.servers()
            options.network = network.policy
            options.relay = try network.relayAccess(meetingAt: options.rendezvous)
            options.home = Environment.home
            options.passphrase = PassphraseInput.source(cancellation)
            try runUp(
                options, observer: UpWatcher(terminal: terminal, output: output, asJSON: json),
                cancellation: cancellation)
            if let failure = output.failure { throw failure }
        } catch {
            ErrorView.show(error, asJSON: json)
            throw Program.Ending(status: error.exitStatus)
        }
    }
}

/// Tells what happens while shares are served.
struct UpWatcher: UpObserver {
    let terminal: TerminalOutput
    let output: ResultOutput
    let asJSON: Bool

    func handle(_ event: UpEvent) {
        if asJSON {
            output.write(UpView.json(event).line + "\n")
        } else {
            terminal.show(UpView.text(event, style: terminal.style))
        }
    }
}

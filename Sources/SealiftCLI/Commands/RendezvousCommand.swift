internal import ArgumentParser
internal import Glibc
internal import Sealift
internal import SealiftIO

/// `sealift rendezvous`: runs the server where codes meet.
struct RendezvousCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rendezvous",
        abstract: "Run the server where two ends find each other by a code.",
        usage: "sealift rendezvous [<options>]",
        discussion: """
            The server sees addresses, times, random ids and sealed boxes of one size; it keeps them in \
            memory for minutes and writes nothing down. Standard output has one line for each address: \
            what both ends set SEALIFT_RENDEZVOUS to. Without --certificate the server makes a key of its \
            own, keeps it in SEALIFT_HOME, and the line names it. `/healthz` and `/metrics` (Prometheus) \
            answer on the same port. It stops in order on SIGTERM.

            Standard error has a log: lines of text on a terminal, else one JSON object a line. It tells of \
            the start, the stop, errors, and every five minutes how much was refused, if anything; never \
            who came, no id, and no address unless --log-addresses asks for those that were refused.

            EXAMPLES:
              sealift rendezvous --listen 0.0.0.0:7440 --stun 0.0.0.0:3478
              sealift rendezvous --listen 0.0.0.0:443 --certificate chain.pem --key key.pem
              sealift rendezvous --listen 127.0.0.1:8080 --behind-proxy

            \(HelpText.exitStatus)
            """)

    @Option(
        help: ArgumentHelp(
            "Take connections here, repeatable (default: 0.0.0.0:7440).", valueName: "addr:port"),
        transform: AddressArgument.init(argument:))
    var listen: [AddressArgument] = []

    @Option(
        help: ArgumentHelp(
            "Answer STUN here, repeatable (default: nowhere; the usual port is 3478).",
            valueName: "addr:port"),
        transform: AddressArgument.init(argument:))
    var stun: [AddressArgument] = []

    @Option(help: ArgumentHelp("A certificate chain (PEM) for TLS.", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("The private key (PEM) of --certificate.", valueName: "file"))
    var key: String?

    @Flag(
        help: """
            Speak without TLS behind a proxy that does it, and take the client's address from the last \
            X-Forwarded-For.
            """)
    var behindProxy = false

    @Option(
        help: ArgumentHelp(
            "How often the log counts refusals (default: 5m).", valueName: "time"),
        transform: DurationArgument.init(argument:))
    var logInterval: DurationArgument?

    @Flag(help: "Name the addresses in the log that were refused something.")
    var logAddresses = false

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    func validate() throws {
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--certificate and --key go together")
        }
        guard !behindProxy || certificate == nil else {
            throw ValidationError("--behind-proxy and --certificate contradict each other")
        }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let terminal = TerminalOutput.standardError()
        // What a person is told would be no JSON.
        let hasPerson = StandardStream.error.isTerminal
        let cancellation = Cancellation()
        InterruptWatcher.start(cancellation: cancellation) {
            guard hasPerson else { return }
            terminal.show("stopping (once more stops at once)\n")
        }
        let output = ResultOutput(cancellation: cancellation)
        do throws(SealiftError) {
            let log = RendezvousLogView(form: hasPerson ? .text : .json)
            try runRendezvous(options(), cancellation: cancellation) { entry in
                terminal.show(log.line(entry, at: SystemWallClock.now()))
            } onListening: { places in
                show(places, output, terminal)
            }
            if let failure = output.failure { throw failure }
        } catch {
            ErrorView.show(error, asJSON: json)
            throw Program.Ending(status: error.exitStatus)
        }
    }

    private func options() -> RendezvousOptions {
        let security: RendezvousOptions.Security =
            if let certificate, let key {
                .files(certificate: certificate, key: key)
            } else {
                behindProxy ? .behindProxy : .ownKey
            }
        let everywhere = EndpointAddress("0.0.0.0:7440").map { [$0] } ?? []
        return RendezvousOptions(
            listen: listen.isEmpty ? everywhere : listen.map(\.address), stun: stun.map(\.address),
            security: security, home: Environment.home,
            logInterval: .seconds(logInterval?.seconds ?? 300), logsAddresses: logAddresses)
    }

    private func show(
        _ places: RendezvousPlaces, _ output: ResultOutput, _ terminal: TerminalOutput
    ) {
        guard !json else {
            output.write(JSONEvents.line(places).line + "\n")
            return
        }
        for server in places.servers { output.write("\(server)\n") }
        guard StandardStream.error.isTerminal else { return }
        terminal.show("set SEALIFT_RENDEZVOUS to this line, at both ends\n")
        for address in places.stun { terminal.show("answering STUN at \(address)\n") }
    }
}

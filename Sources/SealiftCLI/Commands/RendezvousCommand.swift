internal import ArgumentParser
internal import Glibc
internal import Sealift

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
        let cancellation = Cancellation()
        InterruptWatcher.start(cancellation: cancellation) {
            terminal.show("stopping (once more stops at once)\n")
        }
        let output = ResultOutput(cancellation: cancellation)
        do throws(SealiftError) {
            try runRendezvous(options(), cancellation: cancellation) { places in
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
            security: security, home: Environment.home)
    }

    private func show(
        _ places: RendezvousPlaces, _ output: ResultOutput, _ terminal: TerminalOutput
    ) {
        guard !json else {
            output.write(JSONEvents.line(places).line + "\n")
            return
        }
        for server in places.servers { output.write("\(server)\n") }
        terminal.show("set SEALIFT_RENDEZVOUS to this line, at both ends\n")
        for address in places.stun { terminal.show("answering STUN at \(address)\n") }
    }
}

internal import ArgumentParser
internal import Sealift
internal import SealiftTransfer

/// `sealift doctor`: looks at this machine's network, or measures the way to another machine, and says
/// what to do about what it finds.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at this machine's network and say what would make transfers better.",
        usage: """
            sealift doctor [--json]
            sealift doctor --serve [<options>]
            sealift doctor --bench [<options>]
            """,
        discussion: """
            Shows addresses, the kind of NAT (it takes STUN servers at two addresses), whether UDP gets \
            through, the rendezvous servers, the largest packet of the path, what the kernel gives \
            sockets, and what to do about each. Nothing is changed. The servers asked are those of \
            SEALIFT_RENDEZVOUS and SEALIFT_STUN; without them only this machine is looked at.

            With --serve and --bench two machines measure the way between them as a transfer would \
            use it: round trip, rate both ways, loss, reordering, size of datagrams, what the \
            kernels dropped, and what limits it. --serve prints a ticket for --bench, which reads it \
            as `sealift receive` does: from --ticket-file, else SEALIFT_TICKET, else standard input, \
            else a question. No file moves, and the ticket opens nothing else. The other options \
            hold for these two.

            EXAMPLES:
              sealift doctor --serve                       at one machine; Ctrl-C ends it
              sealift doctor --bench                       at the other: asks for the ticket
              sealift doctor --bench --seconds 20 --json < ticket

            Exit status 3 says that something will not work, 0 that all will.

            \(HelpText.exitStatus)
            """)

    @Flag(help: "Print a ticket and let others measure the way here, until Ctrl-C.")
    var serve = false

    @Flag(help: "Measure the way to the machine whose --serve printed the ticket.")
    var bench = false

    @Option(
        help: ArgumentHelp(
            "Measure each direction this long, 1 to 60 (default: 5).", valueName: "n"))
    var seconds: Int?

    @Option(help: ArgumentHelp("Read the ticket from this file.", valueName: "file"))
    var ticketFile: PathArgument?

    @OptionGroup var listening: ListeningOptions

    @OptionGroup var traffic: TrafficOptions

    @OptionGroup var network: NetworkOptions

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    func validate() throws {
        guard !serve || !bench else {
            throw ValidationError("--serve and --bench are two ends: run one here, one there")
        }
        guard (1...60).contains(seconds ?? 1) else {
            throw ValidationError("--seconds is a number from 1 to 60")
        }
        guard bench || (seconds == nil && ticketFile == nil) else {
            throw ValidationError("--seconds and --ticket-file belong to --bench")
        }
        guard serve || listening.isUnused else {
            throw ValidationError("--listen and --advertise belong to --serve")
        }
        try listening.check(against: network)
        let isPlain = network.isUnused && traffic.policy == TrafficPolicy()
        guard serve || bench || isPlain else {
            throw ValidationError(
                "the options of network and rate belong to --serve and --bench; servers to look at "
                    + "are named by SEALIFT_STUN and SEALIFT_RENDEZVOUS")
        }
    }

    func run() throws {
        let terminal = TerminalOutput.standardError()
        let cancellation = Cancellation()
        InterruptWatcher.start(cancellation: cancellation) {}
        let output = ResultOutput(cancellation: cancellation)
        let findings: [DoctorFinding]
        do throws(SealiftError) {
            if serve {
                findings = try serve(terminal, output, cancellation)
            } else if bench {
                findings = try measure(terminal, output, cancellation)
            } else {
                findings = try examine(terminal, output, cancellation)
            }
            if let failure = output.failure { throw failure }
        } catch {
            terminal.show("")
            ErrorView.show(output.failure ?? error, asJSON: json)
            throw Program.Ending(status: (output.failure ?? error).exitStatus)
        }
        if findings.contains(where: { $0.severity == .problem }) {
            throw Program.Ending(status: .cannotConnect)
        }
    }

    // MARK: This machine

    private func examine(
        _ terminal: TerminalOutput, _ output: ResultOutput, _ cancellation: Cancellation
    ) throws(SealiftError) -> [DoctorFinding] {
        let options = DoctorOptions(
            rendezvous: try Environment.rendezvous(), stun: try Environment.stun())
        let report = try runDoctor(options, cancellation: cancellation) { step in
            if !json { terminal.show("\(step) …\n") }
        }
        output.write(
            json
                ? DoctorView.json(report).line + "\n"
                : DoctorView.text(report, style: .ofProcess()))
        return report.findings
    }

    // MARK: The way to another machine

    private func serve(
        _ terminal: TerminalOutput, _ output: ResultOutput, _ cancellation: Cancellation
    ) throws(SealiftError) -> [DoctorFinding] {
        var options = MeasurementServiceOptions()
        options.listen = listening.listen.map(\.address)
        options.advertise = listening.advertise.map(\.address)
        options.stun = try network.servers()
        options.network = network.policy
        options.traffic = traffic.policy
        options.home = Environment.home
        options.passphrase = PassphraseInput.source(cancellation)
        try runMeasurementService(options, cancellation: cancellation) { event in
            if json { return output.write(MeasurementView.json(event).line + "\n") }
            if case .ticket(let text, _) = event { output.write(text + "\n") }
            terminal.show(MeasurementView.text(event))
        }
        return []
    }

    private func measure(
        _ terminal: TerminalOutput, _ output: ResultOutput, _ cancellation: Cancellation
    ) throws(SealiftError) -> [DoctorFinding] {
        let source = try TicketSource.choose(
            file: ticketFile?.bytes, environment: Environment.text("SEALIFT_TICKET"),
            inputIsTerminal: StandardStream.input.isTerminal)
        var options = try MeasurementOptions(
            ticketText: try source.read(cancellation: cancellation))
        if let seconds { options.stretch = .seconds(seconds) }
        options.network = network.policy
        options.traffic = traffic.policy
        options.home = Environment.home
        options.passphrase = PassphraseInput.source(cancellation)
        let measurement = try runMeasurement(options, cancellation: cancellation) { step in
            if !json { terminal.show(MeasurementView.text(step, stretch: options.stretch)) }
        }
        output.write(
            json
                ? MeasurementView.json(measurement).line + "\n"
                : MeasurementView.text(measurement, style: .ofProcess()))
        return measurement.findings
    }
}

internal import ArgumentParser
internal import Sealift

/// `sealift doctor`: looks at this machine's network, and says what to do about what it finds.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at this machine's network and say what would make transfers better.",
        usage: "sealift doctor [--json]",
        discussion: """
            Shows addresses, the kind of NAT (it takes STUN servers at two addresses), whether UDP gets \
            through, the rendezvous servers, the largest packet of the path, what the kernel gives \
            sockets, and what to do about each. Nothing is changed. The servers asked are those of \
            SEALIFT_RENDEZVOUS and SEALIFT_STUN; without them only this machine is looked at.

            Exit status 3 says that something will not work, 0 that all will.

            \(HelpText.exitStatus)
            """)

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    func run() throws {
        let terminal = TerminalOutput.standardError()
        let cancellation = Cancellation()
        InterruptWatcher.start(cancellation: cancellation) {}
        let output = ResultOutput(cancellation: cancellation)
        let report: DoctorReport
        do throws(SealiftError) {
            let options = DoctorOptions(
                rendezvous: try Environment.rendezvous(), stun: try Environment.stun())
            report = try runDoctor(options, cancellation: cancellation) { step in
                if !json { terminal.show("\(step) …\n") }
            }
            output.write(
                json
                    ? DoctorView.json(report).line + "\n"
                    : DoctorView.text(report, style: .ofProcess()))
            if let failure = output.failure { throw failure }
        } catch {
            ErrorView.show(error, asJSON: json)
            throw Program.Ending(status: error.exitStatus)
        }
        if report.findings.contains(where: { $0.severity == .problem }) {
            throw Program.Ending(status: .cannotConnect)
        }
    }
}

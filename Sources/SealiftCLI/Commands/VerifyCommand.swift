internal import ArgumentParser
internal import Sealift

/// `sealift verify`: proves again what a transfer delivered.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove again what a transfer delivered, against its manifest.",
        usage: "sealift verify <folder> --manifest <file> [--json]",
        discussion: """
            Reads and hashes everything that the manifest names below the folder: the --output of \
            `receive`, or the folder that holds what was sent. What is missing, changed or extra is \
            listed; times and owners do not count. Only what lies under the manifest's own \
            top-level names is looked at.

            EXAMPLES:
              sealift receive --output data --manifest data.manifest
              sealift verify data --manifest data.manifest

            \(HelpText.exitStatus)
            """)

    @Option(
        help: ArgumentHelp(
            "The file that `--manifest` of send or receive wrote.", valueName: "file"))
    var manifest: PathArgument

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The folder in which the delivered files and folders lie.")
    var folder: PathArgument

    func run() throws {
        let terminal = TerminalOutput.standardError()
        let cancellation = Cancellation()
        InterruptWatcher.start(cancellation: cancellation) {}
        let output = ResultOutput(cancellation: cancellation)
        let view = VerificationView(asJSON: json)
        do throws(SealiftError) {
            let summary = try runVerify(
                folder: folder.bytes, manifest: manifest.bytes, cancellation: cancellation
            ) { path, finding in
                output.write(view.line(path, finding))
            }
            output.write(view.line(summary))
            if let failure = output.failure { throw failure }
            terminal.show(view.message(summary, style: terminal.style))
            guard summary.differences == 0 else { throw Self.differs(summary) }
        } catch {
            ErrorView.show(output.failure ?? error, asJSON: json)
            throw Program.Ending(status: (output.failure ?? error).exitStatus)
        }
    }

    private static func differs(_ summary: VerificationSummary) -> SealiftError {
        SealiftError(
            .treeDiffers,
            "\(ByteText.count(summary.differences, "path")) "
                + "\(summary.differences == 1 ? "is" : "are") not what the manifest says",
            advice: "The paths are listed above; receive them again, or ask who changed them.")
    }
}

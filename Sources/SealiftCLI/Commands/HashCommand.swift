internal import ArgumentParser
internal import Sealift

/// `sealift hash`: prints the roots that a transfer of the same files must arrive at.
struct HashCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash",
        abstract: "Print the roots that a transfer of these files must arrive at.",
        usage: "sealift hash [--sha256] [--json] <path> ...",
        discussion: """
            For each file: its tree root and its path. For a folder, last: the root over all names, \
            kinds, executable bits and contents, the same that both ends of a transfer of that folder \
            print. An empty file has no root; 64 zeros stand for it.

            EXAMPLES:
              sealift hash model/ | tail -n 1
              sealift hash --sha256 model/ > model.sha256 && sha256sum -c model.sha256

            \(HelpText.exitStatus)
            """)

    @Flag(help: "Print plain SHA-256 instead, in lines that `sha256sum -c` accepts.")
    var sha256 = false

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The files and folders to hash.")
    var paths: [PathArgument]

    func run() throws {
        let terminal = TerminalOutput.standardError()
        let cancellation = Cancellation()
        InterruptWatcher.start(cancellation: cancellation) {}
        let output = ResultOutput(cancellation: cancellation)
        let view = HashView(algorithm: sha256 ? .sha256 : .tree, asJSON: json)
        do throws(SealiftError) {
            let failures = try runHash(
                paths.map(\.bytes), algorithm: view.algorithm, cancellation: cancellation
            ) { event in
                output.write(view.result(event))
                terminal.show(view.message(event, style: terminal.style))
            }
            if let failure = output.failure { throw failure }
            guard failures == 0 else { throw Self.incomplete(failures) }
        } catch {
            ErrorView.show(output.failure ?? error, asJSON: json)
            throw Program.Ending(status: (output.failure ?? error).exitStatus)
        }
    }

    private static func incomplete(_ failures: Int) -> SealiftError {
        SealiftError(
            .sourceUnreadable,
            "\(ByteText.count(UInt64(failures), "path")) could not be hashed",
            advice: "Look at the reasons above; everything else was hashed.")
    }
}

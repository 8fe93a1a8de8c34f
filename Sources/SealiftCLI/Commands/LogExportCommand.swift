internal import ArgumentParser
internal import Sealift
internal import SealiftBase
internal import SealiftPeople

/// `sealift log export`: what was delivered, in the form that film tools take.
struct LogExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write an ASC Media Hash List of a tree that was delivered.",
        usage: "sealift log export --mhl <folder> [--hash <kind>] [--output <file>]",
        discussion: """
            Reads the folder once, proves it by the newest receipt that both ends signed of exactly \
            this tree, and writes a list of its files (ASC MHL 2.0, XML) with their C4 IDs. Both ends \
            of a transfer can do so. Without such a receipt nothing is written, and the status is 5: \
            the folder must be as it was delivered, whole, sent by one argument, under its own name.

            The list covers files; folders have no hash of their own in it. --output takes a new file; \
            as the first generation of a history it belongs into the folder `ascmhl` of the tree.

            EXAMPLES:
              sealift log export --mhl A002R2EC > A002R2EC.mhl
              sealift log export --mhl A002R2EC --hash md5 --output /lists/A002R2EC.mhl

            \(HelpText.exitStatus)
            """)

    /// The hashes that are computed here.
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case c4, md5, sha1

        var kind: MediaHashKind {
            switch self {
            case .c4: .c4
            case .md5: .md5
            case .sha1: .sha1
            }
        }
    }

    @Option(help: ArgumentHelp("The folder or file that was delivered.", valueName: "folder"))
    var mhl: PathArgument

    @Option(help: ArgumentHelp("c4, md5 or sha1 (default: c4).", valueName: "kind"))
    var hash = Kind.c4

    @Option(
        help: ArgumentHelp(
            "Write to this new file instead of standard output.", valueName: "file"))
    var output: PathArgument?

    func run() throws {
        let terminal = TerminalOutput.standardError()
        try ContactCommand.run(asJSON: false) { result, cancellation throws(SealiftError) in
            let file: MediaHashFile? =
                if let output { try MediaHashFile(at: output.bytes) } else { nil }
            let summary: MediaHashSummary
            do throws(SealiftError) {
                summary = try exportMediaHashes(
                    of: mhl.bytes, by: hash.kind,
                    style: MediaHashStyle(version: SealiftCommand.version) { LogView.time($0) },
                    home: Environment.home, cancellation: cancellation
                ) { warning in
                    terminal.show("\(terminal.style.warning("warning:")) \(warning.message)\n")
                } write: { bytes in
                    if let file { file.write(bytes) } else { result.write(bytes) }
                }
                try file?.finish()
            } catch {
                file?.remove()
                throw error
            }
            terminal.show(
                "\(ByteText.count(summary.files, "file")), \(ByteText.text(summary.bytes)), as "
                    + "transfer \(summary.transfer) delivered them\n")
        }
    }
}

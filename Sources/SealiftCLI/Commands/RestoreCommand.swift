internal import ArgumentParser
internal import Sealift

/// `sealift restore`: brings an identity back on a machine that has none.
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring your identity back from the recovery words, and a backup.",
        usage: "sealift restore [--from <file>] [--no-passphrase] [--json]",
        discussion: """
            The 24 recovery words make this machine the only device of your identity: every device \
            before it has ended, and contacts say so loudly. Nothing passes between you and a contact \
            before both paired again (`sealift pair`); until then they hold the pinned identity, and \
            you hold theirs where you restore a backup.

            --from takes over what `sealift backup` kept: contacts, receipts and the log of the device \
            before, which `sealift log` goes on showing. The words are asked for in any case, the \
            passphrase of the backup where it has one.

            Words are typed on a terminal, or read from --words-file. The passphrase of this machine's \
            secrets is chosen as with `sealift id`.

            EXAMPLES:
              sealift restore
              sealift restore --from /media/stick/sealift.backup

            \(HelpText.exitStatus)
            """)

    @Option(help: ArgumentHelp("A file that `sealift backup` wrote.", valueName: "file"))
    var from: PathArgument?

    @Option(
        help: ArgumentHelp(
            "Read the recovery words from this file instead of asking.", valueName: "file"))
    var wordsFile: PathArgument?

    @Option(
        help: ArgumentHelp(
            "Read the passphrase of the backup from this file instead of asking.",
            valueName: "file"))
    var passphraseFile: PathArgument?

    @Flag(help: "Keep this machine's secrets by the modes of SEALIFT_HOME alone.")
    var noPassphrase = false

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    func validate() throws {
        guard passphraseFile == nil || from != nil else {
            throw ValidationError("--passphrase-file belongs to --from")
        }
    }

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, cancellation throws(SealiftError) in
            try checkRestore(home: Environment.home)
            // A file that is none is said before anybody types 24 words.
            if let from { _ = try backupNeedsPassphrase(from.bytes) }
            let words = try WordsInput(cancellation: cancellation).read(
                file: wordsFile, purpose: "which bring your identity back")
            let passphrase = noPassphrase ? nil : try PassphraseInput.choose(cancellation)
            var options = RestoreOptions(words: words, passphrase: passphrase)
            options.home = Environment.home
            options.backup = from?.bytes
            options.backupPassphrase = PassphraseInput.ofBackup(passphraseFile, cancellation)
            let summary = try restoreIdentity(options)
            output.write(
                json
                    ? RecoveryView.json(summary).line + "\n"
                    : RecoveryView.text(summary, style: .ofProcess()))
        }
    }
}

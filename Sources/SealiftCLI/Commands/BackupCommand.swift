internal import ArgumentParser
internal import Sealift

/// `sealift backup`: what this machine remembers, sealed in one file.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write contacts, receipts and log into one sealed file.",
        usage: "sealift backup [--words | --passphrase-file <file>] [--json] <file>",
        discussion: """
            The file is new (0600), holds everything that SEALIFT_HOME remembers of people and \
            transfers, and none of its secrets: no key of this device, and none shared with contacts. \
            Who restores it (`sealift restore --from`) is a new device of your identity, for which the \
            recovery words are needed too. Other sealift commands may run meanwhile.

            It is sealed under a passphrase: from --passphrase-file, else from the file that \
            SEALIFT_PASSPHRASE_FILE names (the same as this machine's), else typed twice. --words \
            seals it under the recovery words instead, which are asked for, or read from --words-file: \
            then there is nothing else to remember.

            EXAMPLES:
              sealift backup /media/stick/sealift.backup
              sealift backup --words /media/stick/sealift.backup

            \(HelpText.exitStatus)
            """)

    @Flag(help: "Seal it under the recovery words instead of a passphrase.")
    var words = false

    @Option(
        help: ArgumentHelp(
            "Seal it under the recovery words, and read them from this file.", valueName: "file"))
    var wordsFile: PathArgument?

    @Option(
        help: ArgumentHelp(
            "Read the passphrase of the backup from this file.", valueName: "file"))
    var passphraseFile: PathArgument?

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The file to write; it must not exist.")
    var file: PathArgument

    func validate() throws {
        guard passphraseFile == nil || (!words && wordsFile == nil) else {
            throw ValidationError("the words and --passphrase-file contradict each other")
        }
    }

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, cancellation throws(SealiftError) in
            try checkBackup(to: file.bytes, home: Environment.home)
            let lock: BackupLock
            if words || wordsFile != nil {
                lock = .words(
                    try WordsInput(cancellation: cancellation).read(
                        file: wordsFile, purpose: "which will open the backup"))
            } else {
                lock = .passphrase(
                    try PassphraseInput.chooseForBackup(passphraseFile, cancellation))
            }
            let summary = try writeBackup(to: file.bytes, lock: lock, home: Environment.home)
            output.write(
                json
                    ? RecoveryView.json(summary, event: "backup_written").line + "\n"
                    : "\(file.printable): \(RecoveryView.content(summary))\n")
        }
    }
}

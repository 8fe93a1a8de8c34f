internal import ArgumentParser
internal import Sealift
internal import SealiftBase
internal import SealiftPeople

/// `sealift id`: who the user is, made on first use.
struct IdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "id",
        abstract: "Show who you are; make your identity on first use.",
        usage: "sealift id [--no-passphrase] [--words-file <file>] [--qr | --json]",
        discussion: """
            The first run makes an identity from 24 new recovery words, shows them once on the \
            terminal, has three of them typed back, and puts this machine's secrets under a \
            passphrase. The words are the identity: they bring it back when every device is lost, \
            and are kept nowhere. Later runs show the identity and its devices.

            The passphrase is asked for, or read from the file that SEALIFT_PASSPHRASE_FILE names, or \
            from systemd's credential sealift-passphrase. On a server that starts unattended, \
            --no-passphrase leaves the secrets to the modes of SEALIFT_HOME.

            Where there is no terminal, --words-file writes the words to a new file that only you can \
            read: carry it away from the machine, then delete it there.

            --qr also shows the full id as a QR code, for somebody at your side to compare.

            EXAMPLES:
              sealift id
              sealift id --no-passphrase --words-file /media/stick/words

            \(HelpText.exitStatus)
            """)

    @Flag(help: "At first use: keep the secrets by the modes of SEALIFT_HOME alone.")
    var noPassphrase = false

    @Option(
        help: ArgumentHelp(
            "At first use: write the recovery words to this new file instead of showing them.",
            valueName: "file"))
    var wordsFile: PathArgument?

    @Flag(help: "Show the full id as a QR code too.")
    var qr = false

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    func validate() throws {
        guard !qr || !json else { throw ValidationError("--qr and --json contradict each other") }
    }

    func run() throws {
        let cancellation = Cancellation()
        InterruptWatcher.start(cancellation: cancellation) {}
        let output = ResultOutput(cancellation: cancellation)
        do throws(SealiftError) {
            let identity = try identity(cancellation)
            output.write(
                json
                    ? IdentityView.json(identity).line + "\n"
                    : IdentityView.text(identity, style: .ofProcess()))
            if qr {
                output.write(try QRPicture.demanded(identity.id.value.hexadecimal, on: .output))
            }
            if let failure = output.failure { throw failure }
        } catch {
            ErrorView.show(error, asJSON: json)
            throw Program.Ending(status: error.exitStatus)
        }
    }

    private func identity(_ cancellation: Cancellation) throws(SealiftError) -> IdentitySummary {
        if let known = try readIdentity(home: Environment.home) {
            guard wordsFile == nil, !noPassphrase else {
                throw SealiftError(
                    .identityConflict, "there is an identity on this machine already",
                    advice: "--words-file and --no-passphrase are for the first run.")
            }
            return known
        }
        if let wordsFile { return try begin(wordsIn: wordsFile.bytes, cancellation) }
        // Both: the words must not end in a file that standard error was sent to.
        guard StandardStream.input.isTerminal, StandardStream.error.isTerminal,
            let terminal = PersonTerminal(cancellation: cancellation)
        else {
            throw SealiftError(
                .identityMissing,
                "there is no identity yet, and recovery words are shown on a terminal only",
                advice: "Run `sealift id` on a terminal; or, on a server, with --words-file FILE.")
        }
        let passphrase = noPassphrase ? nil : try PassphraseInput.choose(cancellation)
        let words = newRecoveryWords()
        try WordsCeremony(terminal: terminal, style: .ofProcess()).confirm(words)
        return try beginIdentity(words, home: Environment.home, passphrase: passphrase)
    }

    private func begin(
        wordsIn file: [UInt8], _ cancellation: Cancellation
    ) throws(SealiftError) -> IdentitySummary {
        let passphrase = noPassphrase ? nil : try PassphraseInput.choose(cancellation)
        let words = newRecoveryWords()
        let written = try RecoveryWordsFile(words, at: file)
        do throws(SealiftError) {
            return try beginIdentity(words, home: Environment.home, passphrase: passphrase)
        } catch {
            written.remove()
            throw error
        }
    }
}

internal import Glibc
internal import Sealift
internal import SealiftBase

/// Where the passphrase of sealift's own state comes from: the file that `SEALIFT_PASSPHRASE_FILE` names,
/// else systemd's credential `sealift-passphrase`, else a question. Never an argument.
enum PassphraseInput {
    /// The name of the credential in systemd's `$CREDENTIALS_DIRECTORY` (`LoadCredential=`).
    private static let credential = "sealift-passphrase"

    /// Where a run gets it from, if it needs it.
    static func source(_ cancellation: Cancellation) -> PassphraseSource {
        PassphraseSource { isRetry throws(SealiftError) in
            if let file = file() { return isRetry ? nil : try read(file) }
            guard let terminal = PersonTerminal(cancellation: cancellation) else { return nil }
            if isRetry { terminal.show("That is not the passphrase.\n") }
            guard var typed = try terminal.askHidden("Passphrase of this machine's secrets: "),
                !typed.isEmpty
            else { return nil }
            return try Passphrase(wiping: &typed)
        }
    }

    /// The passphrase that secrets are put under from now on: typed twice where nothing else says it.
    static func choose(_ cancellation: Cancellation) throws(SealiftError) -> Passphrase {
        if let file = file() { return try read(file) }
        guard let terminal = PersonTerminal(cancellation: cancellation) else {
            throw SealiftError(
                .passphraseNeeded, "nobody can be asked for a passphrase",
                advice: "Name a file that holds it by SEALIFT_PASSPHRASE_FILE; or say "
                    + "--no-passphrase, and only the modes of SEALIFT_HOME keep the secrets.")
        }
        terminal.show(
            "A passphrase keeps this machine's secrets when the disk is taken. Every command that "
                + "needs\nthem asks for it. It does not restore your identity: the recovery words do.\n"
        )
        return try askTwice(
            terminal, advice: "Run it again; --no-passphrase does without, for servers.")
    }

    /// The passphrase that a new backup is put under: from `file`, else as this machine's, else typed twice.
    static func chooseForBackup(
        _ file: PathArgument?, _ cancellation: Cancellation
    ) throws(SealiftError) -> Passphrase {
        if let file = file?.bytes ?? Self.file() { return try read(file) }
        guard let terminal = PersonTerminal(cancellation: cancellation) else {
            throw SealiftError(
                .passphraseNeeded, "nobody can be asked for the passphrase of the backup",
                advice: "Name a file that holds it by --passphrase-file.")
        }
        terminal.show("A passphrase seals the backup; without it nothing opens it.\n")
        return try askTwice(terminal, advice: "Run it again, or seal it under the words: --words.")
    }

    /// Where the passphrase of a backup that is restored comes from.
    static func ofBackup(
        _ file: PathArgument?, _ cancellation: Cancellation
    ) -> PassphraseSource {
        PassphraseSource { isRetry throws(SealiftError) in
            if let file = file?.bytes ?? Self.file() { return isRetry ? nil : try read(file) }
            guard let terminal = PersonTerminal(cancellation: cancellation) else { return nil }
            if isRetry { terminal.show("That is not the passphrase.\n") }
            guard var typed = try terminal.askHidden("Passphrase of the backup: "), !typed.isEmpty
            else { return nil }
            return try Passphrase(wiping: &typed)
        }
    }

    private static func askTwice(
        _ terminal: PersonTerminal, advice: String
    ) throws(SealiftError) -> Passphrase {
        while true {
            guard var first = try terminal.askHidden("New passphrase: "), !first.isEmpty else {
                throw SealiftError(
                    .passphraseNeeded, "no passphrase was given", advice: advice)
            }
            let chosen = try Passphrase(wiping: &first)
            var second = try terminal.askHidden("The same again: ") ?? []
            guard !second.isEmpty, try Passphrase(wiping: &second).isSame(as: chosen) else {
                terminal.show("They differ.\n")
                continue
            }
            return chosen
        }
    }

    private static func file() -> [UInt8]? {
        if let named = Environment.bytes("SEALIFT_PASSPHRASE_FILE") { return named }
        guard let folder = Environment.bytes("CREDENTIALS_DIRECTORY") else { return nil }
        let path = folder + Array("/\(credential)".utf8)
        return access(path.map { CChar(bitPattern: $0) } + [0], F_OK) == 0 ? path : nil
    }

    private static func read(_ path: [UInt8]) throws(SealiftError) -> Passphrase {
        guard var bytes = SmallFile.read(path, limit: Passphrase.maximumByteCount + 2) else {
            let code = errno
            throw SealiftError(
                .passphraseNeeded,
                "cannot read the file of the passphrase, \(PrintableText.escape(path))",
                advice: "Check SEALIFT_PASSPHRASE_FILE, and that you may read the file.",
                cause: String(cString: strerror(code)))
        }
        // An editor's line end is none of it.
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return try Passphrase(wiping: &bytes)
    }
}

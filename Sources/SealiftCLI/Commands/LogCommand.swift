internal import ArgumentParser
internal import Sealift
internal import SealiftBase
internal import SealiftIO

/// `sealift log`: what this machine sent and received, and whether that record is whole.
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract:
            "Show what this machine sent and received, from a log that cannot be edited unseen.",
        usage: "sealift log [--since <time>] [--contact <device>] [--json | --csv]",
        discussion: """
            Every transfer has an entry before its first byte and one for its end; whoever got \
            nothing has one too. The log is on from the first run and lies in SEALIFT_HOME; names of \
            files in it are readable by who can read that folder.

            EXAMPLES:
              sealift log --since 7d
              sealift log --contact 9f3a --csv > transfers.csv
              sealift log verify
              sealift log export --mhl A002R2EC > A002R2EC.mhl

            \(HelpText.exitStatus)
            """,
        subcommands: [LogShowCommand.self, LogVerifyCommand.self, LogExportCommand.self],
        defaultSubcommand: LogShowCommand.self)
}

/// `sealift log` itself.
struct LogShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the entries, oldest first.",
        usage: "sealift log [--since <time>] [--contact <device>] [--json | --csv]",
        discussion: HelpText.exitStatus)

    @Option(
        help: ArgumentHelp(
            "Nothing older than this, such as 12h or 30d, or than a day, such as 2026-11-01 (UTC).",
            valueName: "time"),
        transform: LogTimeArgument.init(argument:))
    var since: LogTimeArgument?

    @Option(
        help: ArgumentHelp(
            "Only entries with the device whose fingerprint begins so.", valueName: "device"))
    var contact: String?

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Flag(help: "Write comma-separated values (RFC 4180) to standard output.")
    var csv = false

    func validate() throws {
        guard !json || !csv else {
            throw ValidationError("--json and --csv contradict each other")
        }
        guard contact.map({ !$0.isEmpty && $0.allSatisfy(\.isHexDigit) && $0.count <= 32 }) ?? true
        else {
            throw ValidationError(
                "--contact takes a device's fingerprint, or its first digits, such as 9f3a")
        }
    }

    func run() throws {
        let cancellation = Cancellation()
        InterruptWatcher.start(cancellation: cancellation) {}
        let output = ResultOutput(cancellation: cancellation)
        let view = LogView(form: json ? .json : csv ? .csv : .text)
        do throws(SealiftError) {
            output.write(view.heading)
            try readLog(
                home: Environment.home, since: since?.time(now: SystemWallClock.now()),
                peer: contact ?? ""
            ) { line in
                output.write(view.line(line))
                return !cancellation.isRequested
            }
            if let failure = output.failure { throw failure }
        } catch {
            ErrorView.show(error, asJSON: json)
            throw Program.Ending(status: error.exitStatus)
        }
    }
}

/// `sealift log verify`: whether the log is what this device signed.
struct LogVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the log, and name the first entry that is not what it was.",
        usage: "sealift log verify [--json]",
        discussion: """
            Each entry is checked against this device's signature over everything up to it, and the \
            end of the log against log.head beside the database. What is deleted, edited, reordered, \
            inserted, cut short or put back is named. Status 5 says that something is.

            \(HelpText.exitStatus)
            """)

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    func run() throws {
        let output = ResultOutput(cancellation: Cancellation())
        let view = LogView(form: json ? .json : .text)
        do throws(SealiftError) {
            let verification = try verifyLog(home: Environment.home)
            output.write(view.line(verification))
            if let failure = output.failure { throw failure }
            if let error = LogView.error(verification) { throw error }
        } catch {
            ErrorView.show(error, asJSON: json)
            throw Program.Ending(status: error.exitStatus)
        }
    }
}

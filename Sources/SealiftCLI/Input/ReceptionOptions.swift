internal import ArgumentParser
internal import Sealift
internal import SealiftContent

/// The options that say what of an offer is taken, and where to: of every command that receives.
struct ReceptionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The folder to receive into; created where it is missing (default: the current one).",
            valueName: "folder"))
    var output: PathArgument?

    @Option(
        help: ArgumentHelp(
            "What to do where a name is taken: fail, skip, rename (\"name (1).ext\") or overwrite.",
            valueName: "action"))
    var onConflict = ConflictArgument.fail

    @Option(
        help: ArgumentHelp("Receive only what fits; may be repeated.", valueName: "pattern"),
        transform: PatternArgument.init(argument:))
    var include: [PatternArgument] = []

    @Option(
        help: ArgumentHelp("Leave out what fits; may be repeated.", valueName: "pattern"),
        transform: PatternArgument.init(argument:))
    var exclude: [PatternArgument] = []

    @Flag(help: "Read every file back from the disk before the whole is confirmed.")
    var verifyDisk = false

    @Flag(help: "Receive without a question; needed where no terminal is there to ask.")
    var yes = false

    @Flag(help: "Show every entry that is offered and take nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "Write what was delivered to this file, for `sealift verify`.", valueName: "file"))
    var manifest: PathArgument?

    func validate() throws {
        if yes && dryRun { throw ValidationError("--yes and --dry-run contradict each other") }
    }

    /// The folder to receive into.
    var outputBytes: [UInt8] { output?.bytes ?? Array(".".utf8) }

    /// How the question is asked.
    func question() throws -> Question.Mode {
        try Question.mode(
            yes: yes, dryRun: dryRun,
            hasPerson: StandardStream.input.isTerminal && StandardStream.error.isTerminal)
    }

    /// Sets what the options ask for.
    func apply(to options: inout ReceiveOptions) {
        options.onConflict = onConflict.policy
        options.selection = EntrySelection(
            included: include.map(\.pattern), excluded: exclude.map(\.pattern))
        options.verifiesDisk = verifyDisk
        options.manifest = manifest?.bytes
    }
}

internal import ArgumentParser
internal import Sealift

/// `sealift rule`: offers that are taken without a question.
struct RuleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rule",
        abstract: "Take offers of a contact without a question, up to a size, into one folder.",
        discussion: """
            Nothing lands on this machine without a yes. A rule is a yes beforehand: it names one \
            verified contact, one folder and a size. What no rule takes waits in `sealift inbox`. Of \
            several rules the first that fits decides.

            EXAMPLES:
              sealift rule add --from bob --into ~/incoming/bob --max-size 200GB
              sealift rule add --from bob --into takes --max-size 2TB --quota 10TB --expires 30d
              sealift rule add --from bob --into ~/incoming/bob --max-size 20GB --quarantine
              sealift rule list
              sealift rule remove 1

            \(HelpText.exitStatus)
            """,
        subcommands: [RuleListCommand.self, RuleAddCommand.self, RuleRemoveCommand.self],
        defaultSubcommand: RuleListCommand.self)
}

/// `sealift rule list`.
struct RuleListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show every rule, in the order in which they are asked.",
        discussion: HelpText.exitStatus)

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, _ throws(SealiftError) in
            for rule in try readRules(home: Environment.home) {
                output.write(
                    json
                        ? RuleView.json(rule).line + "\n"
                        : RuleView.line(rule, style: .ofProcess()))
            }
        }
    }
}

/// `sealift rule add`.
struct RuleAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Take a contact's offers from now on.",
        usage: "sealift rule add --from <contact> --into <folder> --max-size <size>",
        discussion: """
            The folder has to be there, and may not be your home folder or one above it: a file that is \
            new there could be run at your next login.

            With --quarantine what comes is held apart, in a hidden folder that only you can read, and \
            nothing of it can be executed. `sealift inbox` lists it; look at it, then `sealift inbox \
            release` moves it into the folder, or `sealift inbox discard` deletes it. At most 16 offers \
            of a contact are on their way or held.

            EXAMPLES:
              sealift rule add --from bob --into ~/incoming/bob --max-size 200GB
              sealift rule add --from bob --into ~/incoming/bob --max-size 20GB --quarantine

            \(HelpText.exitStatus)
            """)

    @Option(help: ArgumentHelp("The contact, who must be verified.", valueName: "contact"))
    var from: String

    @Option(help: ArgumentHelp("The folder.", valueName: "folder"))
    var into: PathArgument

    @Option(
        help: ArgumentHelp("The largest offer: 200GB, 1.5TB.", valueName: "size"),
        transform: SizeArgument.init(argument:))
    var maxSize: SizeArgument

    @Option(
        help: ArgumentHelp("The most of all offers together.", valueName: "size"),
        transform: SizeArgument.init(argument:))
    var quota: SizeArgument?

    @Option(
        help: ArgumentHelp("End the rule after this time: 12h, 30d.", valueName: "time"),
        transform: DurationArgument.init(argument:))
    var expires: DurationArgument?

    @Flag(help: "Hold what comes apart until you release it: see `sealift inbox`.")
    var quarantine = false

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, cancellation throws(SealiftError) in
            let rule = try addRule(
                NewRule(
                    from: from, into: into.bytes, maximumByteCount: maxSize.bytes,
                    quota: quota?.bytes, expires: expires.map { .seconds($0.seconds) },
                    quarantines: quarantine),
                home: Environment.home, passphrase: PassphraseInput.source(cancellation))
            output.write(
                json
                    ? RuleView.json(rule).line + "\n"
                    : "added: " + RuleView.line(rule, style: .ofProcess()))
        }
    }
}

/// `sealift rule remove`.
struct RuleRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take a rule back. Offers that it took stay taken.",
        discussion: HelpText.exitStatus)

    @Flag(help: "Write one JSON object to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The rule's number.")
    var number: Int64

    func run() throws {
        try ContactCommand.run(asJSON: json) { output, cancellation throws(SealiftError) in
            let rule = try removeRule(
                number, home: Environment.home, passphrase: PassphraseInput.source(cancellation))
            output.write(
                json
                    ? RuleView.json(rule, event: "rule_removed").line + "\n"
                    : "removed: " + RuleView.line(rule, style: .ofProcess()))
        }
    }
}

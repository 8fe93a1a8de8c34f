internal import ArgumentParser
internal import Sealift

/// `sealift sync`: keeps a folder current with what a contact shares.
struct SyncCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Keep a folder current with what a contact shares with you.",
        usage: "sealift sync <contact>/<share>[/<path>] --output <folder> [<options>]",
        discussion: """
            As `sealift get`, run again and again: what earlier runs brought is not sent again where it is \
            still the same at both ends, what changed there is replaced once the new content is proven, \
            and what you changed here stays as it is (--on-conflict). Files that are gone there are named; \
            --delete removes those that sync placed and nobody changed since, each after it is in \
            `sealift log`.

            EXAMPLES:
              sealift sync alice/llm-v3 --output models --yes
              sealift sync alice/llm-v3 --output models --yes --every 10m --delete

            \(HelpText.exitStatus)
            """)

    @Option(
        help: ArgumentHelp(
            "The folder to keep current; created where it is missing.", valueName: "folder"))
    var output: PathArgument

    @Option(
        help: ArgumentHelp(
            "Go on until Ctrl-C, with a round this often, such as 10m; needs --yes.",
            valueName: "time"),
        transform: DurationArgument.init(argument:))
    var every: DurationArgument?

    @Flag(help: "Delete here what is gone there, where sync placed it and nobody changed it since.")
    var delete = false

    @Option(
        help: ArgumentHelp(
            """
            What to do with files here that sync did not place, or that were changed since: skip, fail \
            or overwrite (default: skip).
            """, valueName: "action"))
    var onConflict = ConflictArgument.skip

    @Flag(help: "Read every file back from the disk before the whole is confirmed.")
    var verifyDisk = false

    @Flag(help: "Receive without a question; needed where no terminal is there to ask.")
    var yes = false

    @OptionGroup var reach: ReachOptions

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The share, or a part of it: alice/llm-v3, alice/llm-v3/weights.")
    var place: String

    func validate() throws {
        guard onConflict != .rename else {
            throw ValidationError("--on-conflict rename would make a copy in every round")
        }
        guard every == nil || yes else {
            throw ValidationError("--every needs --yes: nobody is there to ask each time")
        }
    }

    func run() throws {
        let mode = try Question.mode(
            yes: yes, dryRun: false,
            hasPerson: StandardStream.input.isTerminal && StandardStream.error.isTerminal)
        let run = TransferRun(asJSON: json)
        while true {
            do {
                try round(run, mode)
            } catch let ending as Program.Ending {
                // What another time may mend is tried again; Ctrl-C is not.
                guard every != nil, !run.cancellation.isRequested,
                    [.cannotConnect, .ticket, .interrupted, .partial].contains(ending.status)
                else { throw ending }
            }
            guard let every else { return }
            guard waitForNextRound(.seconds(every.seconds), run.cancellation) else { return }
        }
    }

    private func round(_ run: TransferRun, _ mode: Question.Mode) throws {
        try run.run(question: mode) { observer, cancellation throws(SealiftError) in
            let place = try SharePath(place)
            guard place.share != nil else {
                throw SealiftError(
                    .usage, "which share of \(place.contact)'s is not said",
                    advice: "`sealift browse \(place.contact)` shows them.")
            }
            return try syncShare(
                place, into: output.bytes, delete ? .deleted : .listed,
                reach.reach(cancellation), observer: observer, cancellation: cancellation
            ) {
                $0.onConflict = onConflict.policy
                $0.verifiesDisk = verifyDisk
            }
        }
    }
}

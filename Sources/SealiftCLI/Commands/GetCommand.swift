internal import ArgumentParser
internal import Sealift

/// `sealift get`: downloads what a contact shares.
struct GetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Download what a contact shares with you.",
        usage: "sealift get <contact>/<share>[/<path>] [<options>]",
        discussion: """
            Their machine has to run `sealift up`. What is there is shown and a question asked before \
            anything is written; every file is proven. After an interruption, run the same command again: \
            what was proven is not sent again.

            EXAMPLES:
              sealift get alice/llm-v3 --output models
              sealift get alice/llm-v3/weights --yes
              sealift get alice/llm-v3 --include '*.safetensors' --on-conflict skip

            \(HelpText.exitStatus)
            """)

    @OptionGroup var reception: ReceptionOptions

    @OptionGroup var reach: ReachOptions

    @Flag(help: "Write one JSON object a line to standard output; see docs/SCRIPTING.md.")
    var json = false

    @Argument(help: "The share, or a part of it: alice/llm-v3, alice/llm-v3/weights.")
    var place: String

    func run() throws {
        let mode = try reception.question()
        let run = TransferRun(asJSON: json)
        try run.run(question: mode) { observer, cancellation throws(SealiftError) in
            let place = try SharePath(place)
            guard place.share != nil else {
                throw SealiftError(
                    .usage, "which share of \(place.contact)'s is not said",
                    advice: "`sealift browse \(place.contact)` shows them.")
            }
            return try getShare(
                place, into: reception.outputBytes, reach.reach(cancellation), observer: observer,
                cancellation: cancellation
            ) { reception.apply(to: &$0) }
        }
    }
}

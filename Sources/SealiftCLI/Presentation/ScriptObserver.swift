internal import Sealift

/// Tells a script what happens: one JSON object a line on standard output. Only the question goes to the
/// person, on standard error.
struct ScriptObserver: TransferObserver {
    let terminal: TerminalOutput
    let output: ResultOutput
    let question: Question

    func handle(_ event: TransferEvent) {
        output.write(JSONEvents.line(event).line + "\n")
    }

    func decide(_ offer: OfferSummary) -> Decision {
        question.decide(offer, terminal: terminal, json: output)
    }

    func admit(_ receiver: PeerConnection) -> Decision {
        question.admit(receiver, terminal: terminal)
    }
}

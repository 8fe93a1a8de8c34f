internal import Sealift
internal import SealiftBase

/// The receiver's one question: take what is offered, or not?
struct Question: Sendable {
    /// How it is answered.
    enum Mode: Equatable, Sendable {
        /// `--yes`: taken without asking.
        case accept
        /// `--dry-run`: everything is shown, nothing is taken.
        case showAll
        /// A person answers.
        case ask
    }

    let mode: Mode
    let cancellation: Cancellation

    /// Decides how the question is answered.
    /// - Throws: an error of usage where a person would have to answer and none is there.
    static func mode(
        yes: Bool, dryRun: Bool, hasPerson: Bool
    ) throws(SealiftError) -> Mode {
        if dryRun { return .showAll }
        if yes { return .accept }
        guard hasPerson else {
            throw SealiftError(
                .usage, "nobody can be asked: standard input and error are not both a terminal",
                advice: "Add --yes to receive without a question, or --dry-run to look only.")
        }
        return .ask
    }

    /// Shows the offer and answers it.
    /// - Parameter json: where the offer is written as JSON too, or nil.
    func decide(_ offer: OfferSummary, terminal: TerminalOutput, json: ResultOutput?) -> Decision {
        json?.write(JSONEvents.line(offer).line + "\n")
        if mode == .ask || json == nil {
            terminal.show(OfferView.totals(offer, style: terminal.style))
        }
        do throws(SealiftError) {
            try showEntries(offer, terminal: terminal, json: json)
        } catch {
            terminal.show(ErrorView.text(error, style: terminal.style))
            return .decline
        }
        switch mode {
        case .accept: return .accept
        case .showAll: return .decline
        case .ask: return ask("Receive this?", terminal)
        }
    }

    /// Shows a device that wants what is sent, and asks whether it may have it (`send --confirm`).
    func admit(_ receiver: PeerConnection, terminal: TerminalOutput) -> Decision {
        terminal.show(
            "device \(receiver.peerFingerprint) at \(receiver.address) has the ticket; its user sees "
                + "that number as \"this device\"\n")
        return ask("Let it receive?", terminal)
    }

    private func showEntries(
        _ offer: OfferSummary, terminal: TerminalOutput, json: ResultOutput?
    ) throws(SealiftError) {
        if let json {
            guard mode == .showAll else {
                return mode == .ask ? try showFirst(offer, terminal) : ()
            }
            try offer.forEachEntry { entry in
                json.write(JSONEvents.line(entry).line + "\n")
                return cancellation.isRequested ? .stop : .next
            }
        } else if mode == .showAll {
            try offer.forEachEntry { entry in
                terminal.show(OfferView.line(entry))
                return cancellation.isRequested ? .stop : .next
            }
        } else {
            try showFirst(offer, terminal)
        }
    }

    private func showFirst(
        _ offer: OfferSummary, _ terminal: TerminalOutput
    ) throws(SealiftError) {
        var shown: UInt64 = 0
        try offer.forEachEntry { entry in
            terminal.show(OfferView.line(entry))
            shown += 1
            return shown < OfferView.firstEntries ? .next : .stop
        }
        terminal.show(OfferView.rest(offer, shown: shown))
    }

    /// Asks until the answer is clear; nothing and the end of input mean no.
    private func ask(_ question: String, _ terminal: TerminalOutput) -> Decision {
        let reader = LineReader(cancellation: cancellation)
        while true {
            terminal.show("\(question) [y/N] ")
            guard case .line(let line) = reader.readLine() else {
                terminal.show("\n")
                return .decline
            }
            switch String(decoding: line, as: UTF8.self).lowercased().filter({ !$0.isWhitespace }) {
            case "y", "yes": return .accept
            case "", "n", "no": return .decline
            default: terminal.show("Please answer y or n.\n")
            }
        }
    }
}

internal import Sealift
internal import SealiftBase

/// Tells a person what happens: the ticket on standard output, everything else on standard error.
struct PersonObserver: TransferObserver {
    let terminal: TerminalOutput
    let output: ResultOutput
    let question: Question
    /// What stands on standard output.
    var result = SendResult.ticket

    func handle(_ event: TransferEvent) {
        switch event {
        case .ticket(let text):
            guard result == .ticket else { return }
            output.write(text + "\n")
            terminal.show(
                "Hand the ticket over a channel you trust: whoever has it can receive.\n"
                    + "There: sealift receive\n")
        case .code(let text):
            if result == .code { output.write(text + "\n") }
            terminal.show(
                "code: \(terminal.style.strong(text)) (there: sealift receive; good for one try)\n")
        case .listening(let addresses):
            let list = addresses.map(\.description).joined(separator: ", ")
            terminal.show("waiting for the receiver at \(list)\n")
        case .connected(let connection):
            let path = PathText.text(connection)
            terminal.setPath(path)
            terminal.show(
                "connected to \(connection.address) (\(path)), device \(connection.peerFingerprint)\n"
                    + "this device: \(connection.ownFingerprint)\n")
        case .moved(let connection):
            let path = PathText.text(connection)
            terminal.setPath(path)
            terminal.show("goes on by \(connection.address) (\(path))\n")
        case .reconnecting(let reconnection):
            terminal.show(reconnection)
        case .progress(let progress):
            terminal.show(progress)
        case .file(let report):
            show(report)
        case .delivered(let delivery):
            terminal.show(
                terminal.style.good("delivered:") + " \(ByteText.count(delivery.files, "file")), "
                    + "\(ByteText.text(delivery.bytes)), to device \(delivery.peerFingerprint)\n"
                    + "root: \(delivery.root.hexadecimal) (the same at both ends)\n")
        case .offer(let contact, let standing):
            terminal.show(Self.words(contact, standing))
        case .gone(let path, let outcome):
            terminal.show("gone there: \(PrintableText.escape(path))\(Self.words(outcome))\n")
        case .warning(let warning):
            let name = warning.path.map { PrintableText.escape($0) + ": " } ?? ""
            terminal.show(terminal.style.warning("warning:") + " \(name)\(warning.message)\n")
        }
    }

    func decide(_ offer: OfferSummary) -> Decision {
        question.decide(offer, terminal: terminal, json: nil)
    }

    func admit(_ receiver: PeerConnection) -> Decision {
        question.admit(receiver, terminal: terminal)
    }

    private static func words(_ contact: String, _ standing: OfferProgress) -> String {
        switch standing {
        case .unreachable:
            "\(contact) is not there: no machine of theirs runs `sealift up`, or has added you. "
                + "Trying on\n"
        case .waiting: "\(contact) has the offer: it waits for their yes\n"
        case .accepted: "a rule of \(contact)'s takes the offer\n"
        case .admitted: "\(contact)'s machine lets it in\n"
        }
    }

    private static func words(_ outcome: GoneOutcome) -> String {
        switch outcome {
        case .stays: " (stays here)"
        case .deleted: ", deleted here too"
        case .changed: ", stays here: it was changed"
        }
    }

    /// Only what needs attention: ten thousand names that went well would hide the one that did not.
    private func show(_ report: FileReport) {
        let path = PrintableText.escape(report.path)
        switch report.result {
        case .received, .sent, .reused: break
        case .skipped(let reason): terminal.show("skipped: \(path): \(reason)\n")
        case .failed(let reason):
            terminal.show(terminal.style.error("failed:") + " \(path): \(reason)\n")
        }
    }
}

/// What a sender writes to standard output.
enum SendResult: Equatable, Sendable {
    /// One line: the ticket.
    case ticket
    /// `--code`: the code, and each that replaces it, a line each.
    case code
}

internal import Sealift
internal import SealiftBase
internal import SealiftPeople

/// Shows what happens while a machine becomes a device of the user, and asks for a yes and the words.
final class LinkDialog: LinkObserver {
    private let terminal: TerminalOutput
    private let output: ResultOutput
    private let asJSON: Bool
    private let file: String?
    private let wordsFile: PathArgument?
    private let asks: Bool
    private let cancellation: Cancellation

    /// - Parameters:
    ///   - file: the name of the invitation that is written; nil for a code.
    ///   - wordsFile: holds the recovery words; nil to ask.
    ///   - asks: whether the user is asked before a machine joins.
    init(
        terminal: TerminalOutput, output: ResultOutput, asJSON: Bool, file: String?,
        wordsFile: PathArgument?, asks: Bool, cancellation: Cancellation
    ) {
        self.terminal = terminal
        self.output = output
        self.asJSON = asJSON
        self.file = file
        self.wordsFile = wordsFile
        self.asks = asks
        self.cancellation = cancellation
    }

    func handle(_ event: PairEvent) {
        if asJSON, let line = ContactView.json(event) { output.write(line.line + "\n") }
        switch event {
        case .code(let code):
            if !asJSON { output.write(code + "\n") }
            terminal.show(
                "code for `sealift device add --join` on the new machine: "
                    + terminal.style.strong(code) + "\n")
        case .invitationWritten:
            terminal.show(
                "\(file ?? "") is for your new machine, for `sealift device add --join --from`: "
                    + "nobody else may have it. Waiting for it to be used.\n")
        case .connected(let connection):
            terminal.show(
                "device \(connection.peerFingerprint) answered; this one is "
                    + "\(connection.ownFingerprint)\n")
        case .devicesChanged:
            // Of a contact; the other end is a device of this user's.
            break
        case .warning(let warning):
            terminal.show(terminal.style.warning("warning:") + " \(warning.message)\n")
        }
    }

    func joining(_ identity: IdentityID, askedAt device: String) {
        terminal.show("Joining \(identity.short.text), if device \(device) says yes.\n")
    }

    func answer(to question: LinkQuestion) -> LinkAnswer {
        do throws(SealiftError) {
            guard try isWanted(question) else { return .no }
            guard question.needsWords else { return .yes(nil) }
            let words = try WordsInput(cancellation: cancellation).read(
                file: wordsFile, purpose: "which make it a device of yours")
            return .yes(words)
        } catch {
            return .failed(error)
        }
    }

    private func isWanted(_ question: LinkQuestion) throws(SealiftError) -> Bool {
        let name = question.name.map { "\($0), " } ?? ""
        terminal.show("The new device is \(name)\(question.fingerprint).\n")
        guard asks else { return true }
        guard let person = PersonTerminal(cancellation: cancellation) else { return false }
        while let line = try person.ask("Does it show that number, and may it join you? [y/N] ") {
            switch line.lowercased().filter({ !$0.isWhitespace }) {
            case "y", "yes": return true
            case "", "n", "no": return false
            default: terminal.show("Please answer y or n.\n")
            }
        }
        return false
    }
}

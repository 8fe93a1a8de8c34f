internal import Sealift
internal import SealiftBase
internal import SealiftPeople

/// Shows what happens while two ends meet, and asks what to call the contact.
final class PairDialog: PairObserver {
    private let terminal: TerminalOutput
    private let output: ResultOutput
    private let asJSON: Bool
    private let invitation: String?
    private let showsQR: Bool
    private let cancellation: Cancellation

    /// - Parameters:
    ///   - invitation: the name of the file that is written; nil for a code.
    ///   - showsQR: whether it is shown too, as a QR code.
    init(
        terminal: TerminalOutput, output: ResultOutput, asJSON: Bool, invitation: String?,
        showsQR: Bool, cancellation: Cancellation
    ) {
        self.terminal = terminal
        self.output = output
        self.asJSON = asJSON
        self.invitation = invitation
        self.showsQR = showsQR
        self.cancellation = cancellation
    }

    func handle(_ event: PairEvent) {
        if asJSON, let line = ContactView.json(event) { output.write(line.line + "\n") }
        switch event {
        case .code(let code):
            if !asJSON { output.write(code + "\n") }
            terminal.show(
                "code for `sealift pair --accept` at the other end; say it to nobody else: "
                    + terminal.style.strong(code) + "\n")
            if !asJSON, let picture = QRPicture.fitting(code) {
                terminal.show(picture.text(style: terminal.style))
            }
        case .invitationWritten(let text):
            if showsQR { show(text) }
            terminal.show(
                "\(invitation ?? "") is for one person, for `sealift contact import`: whoever has it "
                    + "first can pair. Waiting for it to be used.\n")
        case .connected(let connection):
            terminal.show("device \(connection.peerFingerprint) answered\n")
        case .devicesChanged(let contact, let isRecovery):
            terminal.show(
                ContactView.devicesChanged(
                    contact, isRecovery: isRecovery, advice: "Make sure that it was them.",
                    style: terminal.style))
        case .warning(let warning):
            terminal.show(terminal.style.warning("warning:") + " \(warning.message)\n")
        }
    }

    func name(for question: PairQuestion) -> String? {
        guard let person = PersonTerminal(cancellation: cancellation) else { return nil }
        terminal.show("They are \(question.identity.short.text).\n")
        let suggestion = question.suggestion.map { " [\($0)]" } ?? ""
        while let answer = try? person.ask("What do you call them?\(suggestion) ") {
            let name = answer.isEmpty ? question.suggestion?.text : answer
            guard let name else { return nil }
            guard let objection = question.objection(name) else { return name }
            terminal.show("\(objection.message). \(objection.advice)\n")
        }
        return nil
    }

    /// Shows an invitation for a camera. It is in capitals, which makes the code smaller and means the same.
    private func show(_ invitation: String) {
        do throws(SealiftError) {
            terminal.show(try QRPicture.demanded(invitation.uppercased(), on: .error))
        } catch {
            terminal.show(
                terminal.style.warning("warning:") + " \(error.message) \(error.advice)\n")
        }
    }
}

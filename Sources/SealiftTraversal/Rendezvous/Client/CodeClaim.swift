public import SealiftCrypto

/// The receiver's end of a code: claims the number, proves to know the words, learns where the sender is.
///
/// It knows no socket: feed it what the server says, do what it answers.
public struct CodeClaim: Sendable {
    /// What to do next.
    public enum Action: Sendable {
        /// Send this.
        case send(ClientMessage)
        /// The sender knew the words too: its key, and the meeting it named.
        case agreed(PreSharedKey, meeting: [UInt8])
        /// It ended without.
        case failed(Failure)
    }

    /// Why a claim came to nothing.
    public enum Failure: Error, Equatable, Sendable {
        /// The number is not open: mistyped, used, or its sender stopped.
        case unknownNumber
        /// The words are not the sender's. The code is dead.
        case wrongWords
        /// The sender, or the server, went away in the middle.
        case interrupted
        /// The server would not, now; try again in so many seconds.
        case refused(seconds: Int)
        /// The server does not keep to the protocol.
        case violated
    }

    private enum Phase: Sendable {
        case connecting
        case claiming
        case proving(PasswordAgreement)
        case over
    }

    private let code: PairingCode
    private let purpose: CodePurpose
    private var entropy: any EntropySource
    private var phase = Phase.connecting
    private var serverID: [UInt8] = []

    /// Makes a claim of `code`.
    public init(
        _ code: PairingCode, purpose: CodePurpose = .transfer, entropy: some EntropySource
    ) {
        self.code = code
        self.purpose = purpose
        self.entropy = entropy
    }

    /// Takes what the server said. At the welcome this takes the time of its proof of work.
    public mutating func receive(_ message: ServerMessage) -> [Action] {
        switch (message, phase) {
        case (_, .over):
            return []
        case (.welcome(let welcome), .connecting):
            return begin(welcome)
        case (.claimed(code.number, let box), .claiming):
            return prove(box)
        case (.unknown(code.number), .claiming):
            return fail(.unknownNumber)
        case (.passed(code.number, let box), .proving(let agreement)):
            return finish(box, agreement)
        case (.closed(code.number, let ending), .proving):
            return fail(ending == .wrongWords ? .wrongWords : .interrupted)
        case (.busy(_, let seconds), .claiming):
            return fail(.refused(seconds: Int(seconds)))
        case (.leaving, _):
            // What was begun may still end well.
            return []
        default:
            return fail(.violated)
        }
    }

    private mutating func fail(_ failure: Failure) -> [Action] {
        phase = .over
        return [.failed(failure)]
    }

    private mutating func begin(_ welcome: Welcome) -> [Action] {
        serverID = welcome.serverID
        guard let entry = welcome.work.solutionToEnter(),
            let solution = welcome.work.solutionToClaim(code.number)
        else { return fail(.violated) }
        phase = .claiming
        let claim = Action.send(.claim(number: code.number, solution: solution))
        return welcome.work.entryBits > 0
            ? [.send(.work(solution: entry)), claim] : [claim]
    }

    private mutating func prove(_ box: RendezvousBox) -> [Action] {
        guard let invitation = CodeExchange.readInvitation(box) else { return fail(.violated) }
        let exchange = PasswordExchange(
            side: .responder, password: code.password,
            channel: CodeExchange.channel(purpose, number: code.number, serverID: serverID),
            sessionID: invitation.sessionID, entropy: &entropy)
        guard let agreement = try? exchange.agree(peerShare: invitation.share) else {
            return fail(.violated)
        }
        phase = .proving(agreement)
        return [
            .send(
                .pass(
                    number: code.number,
                    CodeExchange.acceptance(
                        share: exchange.share, confirmation: agreement.confirmation)))
        ]
    }

    private mutating func finish(
        _ box: RendezvousBox, _ agreement: PasswordAgreement
    ) -> [Action] {
        guard let (confirmation, meeting) = CodeExchange.readMeeting(box, agreement: agreement),
            (try? agreement.verify(confirmation)) != nil
        else {
            phase = .over
            return [
                .send(.close(number: code.number, .wrongWords)), .failed(.wrongWords),
            ]
        }
        phase = .over
        return [
            .send(.close(number: code.number, .done)),
            .agreed(CodeExchange.sessionKey(of: agreement), meeting: meeting),
        ]
    }
}

public import SealiftCrypto

/// The sender's end of a code: takes a number, shows the code, lets one receiver try the words once.
///
/// It knows no socket: feed it what the server says, do what it answers.
public struct CodeOffer: Sendable {
    /// What to do next.
    public enum Action: Sendable {
        /// Send this.
        case send(ClientMessage)
        /// The code waits for its receiver: show it.
        case show(PairingCode)
        /// A receiver knew the words; it will come with this key.
        case agreed(PreSharedKey)
        /// Somebody tried other words. The code is dead; a new offer has a new one.
        case wrongWords
        /// Somebody claimed the code and left without a guess, or its time is over. It is used up too.
        case abandoned
        /// The server would not, now; try again in so many seconds.
        case refused(seconds: Int)
        /// The server does not keep to the protocol.
        case violated
    }

    private enum Phase: Sendable {
        case connecting
        case opening(PairingCode, PasswordExchange)
        case waiting(PairingCode, PasswordExchange)
        case over
    }

    private let meeting: [UInt8]
    private let purpose: CodePurpose
    private var entropy: any EntropySource
    private var phase = Phase.connecting
    private var serverID: [UInt8] = []
    /// Numbers that were in use; the more there were, the more digits are tried.
    private var collisions = 0

    /// The longest meeting.
    public static let meetingCapacity =
        SealedBox.capacity - PasswordAgreement.confirmationByteCount

    /// Makes an offer.
    /// - Parameter meeting: what the receiver gets once it proved to know the words: who we are and
    ///   where; at most ``meetingCapacity`` bytes.
    public init(
        meeting: [UInt8], purpose: CodePurpose = .transfer, entropy: some EntropySource
    ) {
        precondition(meeting.count <= Self.meetingCapacity)
        self.meeting = meeting
        self.purpose = purpose
        self.entropy = entropy
    }

    /// Takes what the server said.
    public mutating func receive(_ message: ServerMessage) -> [Action] {
        switch (message, phase) {
        case (.welcome(let welcome), .connecting):
            return begin(welcome)
        case (.taken(let number), .opening(let code, _)) where number == code.number:
            collisions += 1
            return [open()]
        case (.opened(let number), .opening(let code, let exchange)) where number == code.number:
            phase = .waiting(code, exchange)
            return [.show(code)]
        case (.passed(let number, let box), .waiting(let code, let exchange))
        where number == code.number:
            return judge(box, number: number, exchange)
        case (.closed(let number, let ending), .waiting(let code, _)) where number == code.number:
            phase = .over
            return [ending == .wrongWords ? .wrongWords : .abandoned]
        case (.busy(_, let seconds), .opening):
            phase = .over
            return [.refused(seconds: Int(seconds))]
        case (.welcome, _), (.box, _), (.claimed, _), (.unknown, _):
            phase = .over
            return [.violated]
        default:
            // Late answers to what is over.
            return []
        }
    }

    private mutating func begin(_ welcome: Welcome) -> [Action] {
        serverID = welcome.serverID
        guard welcome.work.entryBits > 0 else { return [open()] }
        guard let solution = welcome.work.solutionToEnter() else {
            phase = .over
            return [.violated]
        }
        return [.send(.work(solution: solution)), open()]
    }

    private mutating func open() -> Action {
        let number = PairingCode.randomNumber(digits: 5 + collisions / 3, entropy: &entropy)
        guard let code = PairingCode(number: number, entropy: &entropy) else { return .violated }
        let sessionID = entropy.bytes(CodeExchange.sessionIDByteCount)
        let exchange = PasswordExchange(
            side: .initiator, password: code.password,
            channel: CodeExchange.channel(purpose, number: number, serverID: serverID),
            sessionID: sessionID, entropy: &entropy)
        phase = .opening(code, exchange)
        return .send(
            .open(
                number: number,
                CodeExchange.invitation(sessionID: sessionID, share: exchange.share)))
    }

    /// The one guess that a code allows: whatever comes of it, the exchange is gone.
    private mutating func judge(
        _ box: RendezvousBox, number: UInt32, _ exchange: PasswordExchange
    ) -> [Action] {
        phase = .over
        guard let acceptance = CodeExchange.readAcceptance(box),
            let agreement = try? exchange.agree(peerShare: acceptance.share),
            (try? agreement.verify(acceptance.confirmation)) != nil,
            let answer = CodeExchange.meeting(meeting, agreement: agreement, entropy: &entropy)
        else { return [.send(.close(number: number, .wrongWords)), .wrongWords] }
        return [
            .send(.pass(number: number, answer)), .agreed(CodeExchange.sessionKey(of: agreement)),
        ]
    }
}

import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftRendezvous
import SealiftTransfer
import SealiftTraversal

extension ReceiveOptions {
    /// Makes options from a code that a person typed: finds its sender at one of `servers`, and agrees
    /// on a key with it. Blocks; the code is used up by it.
    ///
    /// - Throws: what is wrong with the code, or why it led nowhere.
    public init(
        codeText: String, servers: [RendezvousAddress], output: [UInt8] = Array(".".utf8),
        connectTimeout: Duration = ReceiveOptions.defaultConnectTimeout,
        home: [UInt8]? = nil, network: NetworkPolicy = NetworkPolicy(),
        cancellation: Cancellation
    ) throws(SealiftError) {
        let ticket = try CodeResolution.resolve(
            codeText, for: .transfer, servers: servers, network: network, cancellation)
        self.init(
            ticket: ticket, role: .pairingCode, output: output, connectTimeout: connectTimeout,
            home: home)
    }
}

/// Finds who shows a code, and agrees on a key with it. Blocks; the code is used up by it.
enum CodeResolution {
    /// How long a server and a sender have to answer.
    private static let codeTimeout = Duration.seconds(30)

    /// - Returns: the key and the addresses, in the form of a ticket.
    /// - Throws: what is wrong with the code, or why it led nowhere.
    static func resolve(
        _ text: String, for purpose: CodePurpose, servers: [RendezvousAddress],
        network: NetworkPolicy, _ cancellation: Cancellation
    ) throws(SealiftError) -> Ticket {
        let code: PairingCode
        do throws(PairingCodeError) { code = try PairingCode(text: text) } catch {
            throw SealiftError(error)
        }
        guard network.signaling == .allowed else {
            throw SealiftError(
                .usage, "a code needs a rendezvous server, and --no-signaling forbids it",
                advice: "Ask for the \(purpose.alternative), or leave out --no-signaling.")
        }
        guard !servers.isEmpty else {
            throw SealiftError(
                .usage, "a code needs a rendezvous server, and none is named",
                advice: "Set SEALIFT_RENDEZVOUS to the other end's server, or ask for the "
                    + "\(purpose.alternative).")
        }
        return try resolve(code, purpose, servers, network.addresses, cancellation)
    }

    private static func resolve(
        _ code: PairingCode, _ purpose: CodePurpose, _ servers: [RendezvousAddress],
        _ policy: AddressPolicy, _ cancellation: Cancellation
    ) throws(SealiftError) -> Ticket {
        var unreachable: SealiftError?
        var isUnknown = false
        for server in servers {
            guard !cancellation.isRequested else { break }
            let connection: RendezvousConnection
            do throws(RendezvousConnectionError) {
                connection = try RendezvousConnection.open(server)
            } catch {
                unreachable = .serverUnreachable(error.words(server))
                continue
            }
            defer { connection.close() }
            cancellation.whenRequested { connection.close() }
            do throws(CodeClaim.Failure) {
                return try usable(try claim(code, purpose, over: connection, policy))
            } catch {
                guard error == .unknownNumber else {
                    throw SealiftError(error, isCancelled: cancellation.isRequested)
                }
                isUnknown = true
            }
        }
        if cancellation.isRequested { throw .interrupted(byUserOf: .receive) }
        throw isUnknown
            ? SealiftError(.unknownNumber, isCancelled: false)
            : unreachable
                ?? .serverUnreachable("no server is named")
    }

    private static func claim(
        _ code: PairingCode, _ purpose: CodePurpose, over connection: RendezvousConnection,
        _ policy: AddressPolicy
    ) throws(CodeClaim.Failure) -> Ticket? {
        var claim = CodeClaim(code, purpose: purpose, entropy: SealiftCrypto.SystemEntropy())
        let deadline = MonotonicClock.now() + codeTimeout
        while case .message(let message) = connection.receive(until: deadline) {
            for action in claim.receive(message) {
                switch action {
                case .send(let message): connection.send(message)
                case .agreed(let key, let meeting):
                    return Meeting(peer: meeting, policy: policy)?.ticket(key)
                case .failed(let failure): throw failure
                }
            }
        }
        throw .interrupted
    }

    private static func usable(_ ticket: Ticket?) throws(CodeClaim.Failure) -> Ticket {
        guard let ticket else { throw .violated }
        return ticket
    }
}

extension CodePurpose {
    /// What needs no server.
    fileprivate var alternative: String {
        switch self {
        case .transfer: "ticket"
        case .contact: "file of `sealift contact export`"
        case .device: "file of `sealift device add --export`"
        }
    }
}

extension SealiftError {
    fileprivate static func serverUnreachable(_ reason: String) -> SealiftError {
        SealiftError(
            .rendezvousUnreachable, "no rendezvous server could be used: \(reason)",
            advice:
                "Check SEALIFT_RENDEZVOUS and the network, or use the ticket: it needs no server.")
    }

    /// The words for a text that is no code.
    init(_ error: PairingCodeError) {
        let form = "A code is a number and three words, such as 48213-copper-orbit-tiger."
        switch error {
        case .notACode:
            self.init(.codeMistyped, "this is not a code", advice: form)
        case .missingNumber:
            self.init(
                .codeMistyped, "the code's number is missing; nothing was sent anywhere",
                advice: form)
        case .impossibleNumber:
            self.init(
                .codeMistyped, "the code's number is mistyped: it has five digits or more",
                advice: form)
        case .unknownWord(let position, let nearest):
            let guess =
                nearest.isEmpty
                ? "Ask for it again." : "Did you mean \(nearest.joined(separator: " or "))?"
            self.init(
                .codeMistyped,
                "word \(position) of the code is mistyped; nothing was sent anywhere",
                advice: guess)
        case .wordCount(let count):
            self.init(
                .codeMistyped, "a code has three words, this one has \(count)", advice: form)
        }
    }

    fileprivate init(_ failure: CodeClaim.Failure, isCancelled: Bool) {
        let again = "Ask the sender for the code that is shown now."
        if isCancelled {
            self = .interrupted(byUserOf: .receive)
            return
        }
        switch failure {
        case .unknownNumber:
            self.init(
                .codeUnknown, "nobody waits with this code: mistyped, used, or its sender stopped",
                advice: again)
        case .wrongWords:
            self.init(
                .codeWrong, "the words are not the sender's; the code is used up now",
                advice: again)
        case .interrupted:
            self.init(
                .codeUnknown,
                "the sender or the server went away in the middle; the code is used up",
                advice: again)
        case .refused(let seconds):
            self.init(
                .rendezvousUnreachable, "the rendezvous server is busy",
                advice: "Run the same command again in \(seconds) seconds.")
        case .violated:
            self.init(
                .protocolViolation,
                "the rendezvous server or the sender does not keep to the protocol, or the sender "
                    + "has no address that can be reached",
                advice: "Use the ticket, or another server.")
        }
    }
}

public import SealiftBase

/// One Binding transaction of a client with one server (RFC 8489 §6.2.1): asks, asks again, ends.
public struct StunBinding: Sendable {
    /// How a transaction stands.
    public enum State: Equatable, Sendable {
        /// No answer yet.
        case waiting
        /// The server sees us at this address.
        case mapped(TransportAddress)
        /// The server answered with this error, or with nothing usable (0).
        case refused(Int)
        /// No answer came to seven requests.
        case timedOut
    }

    /// The first interval between requests; each next one is twice as long.
    static let firstInterval = Duration.milliseconds(500)
    /// Requests of a transaction (Rc).
    static let requestCount = 7
    /// How many first intervals the last request is waited for (Rm).
    static let finalIntervals = 16

    /// The server.
    public let server: TransportAddress
    /// How it stands; final once it is not ``State/waiting``.
    public private(set) var state = State.waiting
    /// When ``pollTransmit(now:)`` has something to do; nil once the transaction is over.
    public private(set) var nextTimeout: Instant?
    private let transactionID: StunTransactionID
    private var sent = 0

    /// Begins a transaction; the first request is due at once.
    /// - Parameter transactionID: random: whoever cannot read our packets cannot answer for the server.
    public init(server: TransportAddress, transactionID: StunTransactionID, now: Instant) {
        self.server = server
        self.transactionID = transactionID
        nextTimeout = now
    }

    /// The request, where it is due now. Call when ``nextTimeout`` has come.
    public mutating func pollTransmit(now: Instant) -> [UInt8]? {
        guard let due = nextTimeout, now >= due else { return nil }
        guard sent < Self.requestCount else {
            end(.timedOut)
            return nil
        }
        sent += 1
        nextTimeout =
            now
            + (sent == Self.requestCount
                ? Self.firstInterval * Self.finalIntervals
                : Self.firstInterval * (1 << (sent - 1)))
        return StunMessageWriter(.bindingRequest, transactionID).finishWithFingerprint()
    }

    /// Takes a datagram that came from `source`.
    /// - Returns: whether it belonged to this transaction; anything else changes nothing.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, from source: TransportAddress
    ) -> Bool {
        guard state == .waiting, source == server, let message = try? StunMessage(datagram),
            message.transactionID == transactionID
        else { return false }
        switch message.type {
        case .bindingSuccess:
            end(message.mappedAddress.map { .mapped($0) } ?? .refused(0))
        case .bindingError:
            end(.refused(message.errorCode ?? 0))
        default:
            return false
        }
        return true
    }

    private mutating func end(_ state: State) {
        self.state = state
        nextTimeout = nil
    }
}

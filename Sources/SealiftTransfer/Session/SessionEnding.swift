public import SealiftCrypto
public import SealiftTransport

/// How a session came to its end.
public enum SessionEnding: Equatable, Sendable {
    /// Nobody answered in time.
    case noAnswer
    /// Somebody with the ticket's secret answered, and is not who the ticket names, or broke the
    /// handshake.
    case handshakeFailed(HandshakeError)
    /// This end closed.
    case closed(CloseCode, reason: String)
    /// The other end closed; the reason is its own words, not yet escaped.
    case closedByPeer(CloseCode, reason: String)
    /// No packet came for the idle time.
    case lost

    init(_ reason: CloseReason) {
        switch reason {
        case .local(let code, let text): self = .closed(code, reason: text)
        case .peer(let code, let text): self = .closedByPeer(code, reason: text)
        case .peerViolated(let violation):
            self = .closed(.violation, reason: violation.rawValue)
        case .idleTimeout: self = .lost
        case .keysExhausted: self = .closed(.keyExhausted, reason: "a key reached its limit")
        }
    }
}

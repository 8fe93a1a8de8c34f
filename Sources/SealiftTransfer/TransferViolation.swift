/// How the other end broke `docs/PROTOCOL.md` §7; the session ends with code 1.
public enum TransferViolation: Error, Equatable, Sendable {
    /// A control message that cannot be read.
    case malformedMessage
    /// A message that does not belong here: from the wrong side, or at the wrong time.
    case unexpectedMessage
    /// Object ids that are not the next unused ones.
    case objectOutOfOrder
    /// More requested objects than a session may hold.
    case tooManyRequests
    /// A request for a piece that does not exist, or that was not granted yet.
    case noSuchPiece
    /// A message about an object or a file that was never asked for.
    case unknownObject
    /// The listing breaks a rule; the text names it, already printable.
    case listing(String)

    /// The rule in words, for the close frame and for the log.
    public var reason: String {
        switch self {
        case .malformedMessage: "malformed control message"
        case .unexpectedMessage: "unexpected control message"
        case .objectOutOfOrder: "object ids out of order"
        case .tooManyRequests: "too many objects requested"
        case .noSuchPiece: "request for a piece that does not exist"
        case .unknownObject: "message about an unknown object"
        case .listing(let rule): "listing refused: \(rule)"
        }
    }
}

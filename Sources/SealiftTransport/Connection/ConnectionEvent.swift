public import SealiftBase

/// What a connection tells its owner, in order of occurrence.
public enum ConnectionEvent: Sendable {
    /// The first packet of the peer opened: it holds the same keys.
    case established
    /// Bytes of the control stream can be read.
    case controlReadable
    /// A requested object is whole; it will not be mentioned again.
    case objectReceived(ObjectID, ObjectBuffer)
    /// Every byte of an object this end sent was acknowledged, and its buffer let go.
    case objectDelivered(ObjectID)
    /// What ``Connection/measurePath(_:now:)`` asked for: the round trip, or nil where no answer came.
    case pathMeasured(PathID, Duration?)
    /// The session can carry nothing more. Said once. The connection is still to be served until
    /// its state is ``Connection/State/closed``, so that the peer learns of it.
    case closed(CloseReason)
}

/// Why a session ended.
public enum CloseReason: Equatable, Sendable {
    /// This end's owner closed it.
    case local(CloseCode, reason: String)
    /// The peer closed it. The text is the peer's: escape it before showing it.
    case peer(CloseCode, reason: String)
    /// The peer broke the protocol.
    case peerViolated(Violation)
    /// No packet opened for the idle timeout.
    case idleTimeout
    /// A limit on the use of keys was reached (PROTOCOL §5.1).
    case keysExhausted
}

/// The code of a close frame (PROTOCOL §6.9). A code this version does not know is kept as it is.
public struct CloseCode: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public var rawValue: UInt64

    /// Makes the code with this number.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Everything was confirmed.
    public static let done = CloseCode(rawValue: 0)
    /// The other end broke the protocol.
    public static let violation = CloseCode(rawValue: 1)
    /// This end failed; the reason says how.
    public static let `internal` = CloseCode(rawValue: 2)
    /// The user stopped it; it can be continued.
    public static let interrupted = CloseCode(rawValue: 3)
    /// The receiver said no.
    public static let declined = CloseCode(rawValue: 4)
    /// After a *refuse* message.
    public static let refused = CloseCode(rawValue: 5)
    /// Roots differ.
    public static let integrity = CloseCode(rawValue: 6)
    /// This end's disk failed.
    public static let storage = CloseCode(rawValue: 7)
    /// A limit on the use of keys was reached.
    public static let keyExhausted = CloseCode(rawValue: 8)
}

/// The rule that a peer broke. Its raw value travels as the reason of the close frame.
public enum Violation: String, Error, Equatable, Sendable {
    /// A frame ends early, is of no known type, or holds a value outside its bound.
    case malformedFrame = "malformed frame"
    /// A packet without any frame.
    case emptyPacket = "packet without frames"
    /// An ACK of a packet that was never sent (RFC 9000 §21.4).
    case acknowledgedUnsentPacket = "ACK of a packet never sent"
    /// Object bytes that were never requested.
    case unrequestedObject = "object never requested"
    /// Object bytes past the end of their object.
    case objectOverrun = "object longer than requested"
    /// Control bytes beyond the credit.
    case controlCreditExceeded = "control credit exceeded"
    /// A ratchet part that does not fit its exchange.
    case malformedRatchet = "malformed ratchet"
    /// A ratchet offer from the responder, or an answer to none.
    case unexpectedRatchet = "unexpected ratchet"
}

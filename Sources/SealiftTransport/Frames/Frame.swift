import SealiftBase

/// One decoded frame. Byte runs borrow from the opened packet and live no longer than it.
enum Frame {
    /// A run of padding bytes, however long.
    case padding
    case ping
    /// The ranges stand in the array given to ``FrameReader/next(ranges:)``.
    case acknowledgement(AcknowledgementHeader)
    case objectData(ObjectID, offset: UInt64, bytes: UnsafeRawBufferPointer)
    case controlData(offset: UInt64, bytes: UnsafeRawBufferPointer)
    case controlCredit(limit: UInt64)
    case pathChallenge(UInt64)
    case pathResponse(UInt64)
    case ratchetOffer(RatchetPart)
    case ratchetAnswer(RatchetPart)
    case immediateAcknowledgement
    case acknowledgementFrequency(AcknowledgementFrequency)
    case close(CloseCode, reason: UnsafeRawBufferPointer)

    /// Whether the frame obliges the reader to acknowledge its packet.
    var isAckEliciting: Bool {
        switch self {
        case .padding, .acknowledgement, .close: false
        default: true
        }
    }
}

/// The fields of an ACK frame but its ranges (PROTOCOL §6.1).
struct AcknowledgementHeader: Equatable {
    /// Sequence of the connection id whose packets are acknowledged.
    var sequence: UInt64
    /// The largest number acknowledged.
    var largest: UInt64
    /// How long the acknowledging end held the largest, in microseconds; unbounded from a peer.
    var delayMicroseconds: UInt64
    /// Counts of packets by ECN field; nil in a frame without them.
    var ecn: ECNCounts?
}

/// How many packets came with each ECN field, over the whole connection id (RFC 9000 §19.3.2).
struct ECNCounts: Equatable {
    var capable0: UInt64 = 0
    var capable1: UInt64 = 0
    var congestionExperienced: UInt64 = 0

    /// Whether nothing was counted.
    var isZero: Bool { capable0 == 0 && capable1 == 0 && congestionExperienced == 0 }

    /// Counts one packet.
    mutating func count(_ ecn: ECN) {
        switch ecn {
        case .notCapable: break
        case .capable0: capable0 += 1
        case .capable1: capable1 += 1
        case .congestionExperienced: congestionExperienced += 1
        }
    }
}

/// What one end asks of the other's acknowledging (PROTOCOL §6.1).
struct AcknowledgementFrequency: Equatable {
    /// Of the requests seen, the one with the highest sequence counts.
    var sequence: UInt64
    /// An ACK is due after this many ack-eliciting packets, 1 to 1,024.
    var packets: UInt64
    /// An ACK is due after this time, at most 1,000,000 µs.
    var delayMicroseconds: UInt64
}

/// A part of a ratchet offer or answer (PROTOCOL §6.8).
struct RatchetPart {
    /// The largest part.
    static let maximumSize = 640
    /// The most parts of one message.
    static let maximumCount = 4

    /// Number of the ratchet: 1, 2, ….
    var number: UInt64
    /// Which part, below `count`.
    var index: Int
    /// How many parts there are, 1 to 4.
    var count: Int
    var bytes: UnsafeRawBufferPointer
}

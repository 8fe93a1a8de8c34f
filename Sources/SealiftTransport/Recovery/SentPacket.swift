/// A packet that was sent, until its fate is settled.
struct SentPacket {
    enum Fate: UInt8 {
        /// Neither acknowledged nor lost.
        case outstanding
        case acknowledged
        /// Declared lost; kept a while, to recognise a late acknowledgement.
        case lost
        /// Neither is known, and nothing waits for it any more: its path was left.
        case abandoned
        /// A number that was skipped: nothing was sent under it.
        case skipped
    }

    var fate: Fate
    /// Whether the peer must acknowledge it.
    var isAckEliciting = false
    /// Whether it counts against the congestion window.
    var isInFlight = false
    /// Whether, when it was sent, the rate was limited by the application and not by the path.
    var isApplicationLimited = false
    /// How many records of ``SentPackets`` it owns, from ``firstFrame`` on.
    var frameCount: UInt16 = 0
    /// Bytes of the datagram.
    var size: Int32 = 0
    /// Index of its first frame record.
    var firstFrame: UInt64 = 0
    /// When it was sent, in nanoseconds of the connection's clock.
    var sentAt: Int64 = 0
    /// When it was declared lost; meaningful only if it was.
    var lostAt: Int64 = 0
    /// Bytes delivered to the peer in all when it was sent (draft-ietf-ccwg-bbr §4.1).
    var delivered: UInt64 = 0
    /// When the latest of those deliveries was learned.
    var deliveredAt: Int64 = 0
    /// When the packet was sent whose acknowledgement that was.
    var firstSentAt: Int64 = 0
    /// Bytes declared lost in all when it was sent.
    var lost: UInt64 = 0
    /// Bytes in flight when it was sent, itself included.
    var bytesInFlight: Int = 0

    /// A slot that holds no packet.
    static let skipped = SentPacket(fate: .skipped)
}

/// Counts round trips by packets and not by the clock (draft-ietf-ccwg-bbr-06 §5.5.1): a round ends
/// when a packet is acknowledged that left after the round began.
struct RoundCounter: Equatable {
    /// Rounds that ended.
    private(set) var count: UInt64 = 0
    /// Whether the ACK under way ended a round.
    private(set) var isStart = false
    /// A packet sent when this much was delivered, or more, ends the round.
    private var nextRoundDelivered: UInt64 = 0

    /// Takes in an ACK: bytes delivered in all when its newest packet was sent, and now.
    mutating func acknowledged(priorDelivered: UInt64, delivered: UInt64) {
        isStart = priorDelivered >= nextRoundDelivered
        guard isStart else { return }
        nextRoundDelivered = delivered
        count += 1
    }

    /// Begins a new round now.
    mutating func restart(delivered: UInt64) {
        nextRoundDelivered = delivered
    }
}

import SealiftBase

/// What came under one of the peer's connection ids, and when to say so (PROTOCOL §6.1).
struct ReceivedPackets {
    /// The most ranges kept: the lowest are forgotten, so their packets are simply sent again.
    static let rangeLimit = 64
    /// The delay before the peer asks for another: 25 ms.
    static let defaultDelayNanoseconds: Int64 = 25_000_000

    /// Sequence of the connection id that the packets carried.
    let sequence: UInt32
    /// The numbers to acknowledge; at most ``rangeLimit`` ranges.
    private(set) var numbers = IntervalSet()
    /// Packets by ECN field.
    private(set) var ecn = ECNCounts()
    /// Packets that came after a higher number.
    private(set) var reorderedCount: UInt64 = 0
    /// When the largest number came.
    private var largestReceivedAt = Instant.zero
    /// Ack-eliciting packets not yet covered by an ACK.
    private(set) var unacknowledgedCount: UInt64 = 0
    /// Whether an ACK is due now, whatever the count.
    private(set) var isUrgent = false
    /// When an ACK is due at the latest; nil while nothing waits for one.
    private(set) var deadline: Instant?
    /// Numbers below this are no longer acknowledged: the peer knows we have them.
    private var floor: UInt64 = 0

    /// Starts with nothing received under the connection id of this sequence.
    init(sequence: UInt32) {
        self.sequence = sequence
    }

    /// Whether an ACK must go out now.
    func isDue(now: Instant, frequency: AcknowledgementFrequency) -> Bool {
        isUrgent || unacknowledgedCount >= frequency.packets
            || (deadline.map { $0 <= now } ?? false)
    }

    /// Notes a packet that opened and whose frames were processed.
    mutating func record(
        _ number: UInt64, isAckEliciting: Bool, ecn mark: ECN, now: Instant,
        frequency: AcknowledgementFrequency
    ) {
        ecn.count(mark)
        let largest = numbers.bounds?.upperBound
        let isInOrder = largest.map { number == $0 + 1 } ?? (number == 0)
        if largest.map({ number > $0 }) ?? true {
            largestReceivedAt = now
        } else {
            reorderedCount += 1
        }
        if number >= floor {
            numbers.insert(number)
            numbers.keepHighest(ranges: Self.rangeLimit)
        }
        guard isAckEliciting else { return }
        unacknowledgedCount += 1
        // A gap, or a packet that fills one, is news the sender needs at once (RFC 9000 §13.2.1).
        if !isInOrder || mark == .congestionExperienced { isUrgent = true }
        if deadline == nil {
            deadline = now + .nanoseconds(Int64(frequency.delayMicroseconds) * 1000)
        }
    }

    /// The peer asked for an ACK at once.
    mutating func requestImmediately() {
        isUrgent = true
    }

    /// Writes the ACK frame, if it fits and anything was received, and counts all as acknowledged.
    /// - Returns: the largest number acknowledged, or nil if nothing was written.
    mutating func writeAcknowledgement(into frames: inout FrameWriter, now: Instant) -> UInt64? {
        guard let largest = numbers.bounds?.upperBound else { return nil }
        let delay = max(0, now.nanoseconds - largestReceivedAt.nanoseconds) / 1000
        guard
            frames.writeAcknowledgement(
                sequence: sequence, ranges: numbers.ranges, delayMicroseconds: UInt64(delay),
                ecn: ecn)
        else { return nil }
        unacknowledgedCount = 0
        isUrgent = false
        deadline = nil
        return largest
    }

    /// The peer has an ACK of ours that named `largest`: what lies below needs no more mention
    /// (RFC 9000 §13.2.4). The range that holds `largest` stays, so that an ACK is never empty.
    mutating func acknowledgementArrived(largest: UInt64) {
        guard largest > floor else { return }
        floor = largest
        numbers.remove(0..<largest)
    }
}

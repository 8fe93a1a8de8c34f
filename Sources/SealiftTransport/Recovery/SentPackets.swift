import SealiftBase

/// Every packet sent under one connection id whose fate is open, and the rules that settle it:
/// acknowledgement and loss (RFC 9002 §5, §6.1).
///
/// An ACK costs its ranges plus the packets it newly acknowledges; a loss costs the packets lost.
struct SentPackets {
    private(set) var packets: MonotonicRing<SentPacket>
    private var frames = MonotonicRing(blank: SentFrame.controlCredit(limit: 0))
    private var skipped: SkippedPacketNumbers
    /// The largest number the peer acknowledged.
    private(set) var largestAcknowledged: UInt64?
    /// No packet below this is outstanding.
    private var firstOutstanding: UInt64
    /// The ranges of the ACK with the highest largest number: what a later one repeats is known.
    private var knownRanges: [ClosedRange<UInt64>] = []
    private(set) var thresholds = LossThresholds()
    /// Bytes of packets in flight.
    private(set) var bytesInFlight = 0
    /// Ack-eliciting packets outstanding.
    private(set) var elicitingCount = 0
    /// When the oldest outstanding packet below the largest acknowledged becomes lost; nil if none.
    private(set) var lossTime: Int64?

    /// Starts at a packet number; those below were sent, and nothing waits for them.
    init(skipSeed: UInt64, firstNumber: UInt64 = 0) {
        packets = MonotonicRing(blank: SentPacket.skipped, start: firstNumber)
        firstOutstanding = firstNumber
        skipped = SkippedPacketNumbers(seed: skipSeed)
        knownRanges.reserveCapacity(65)
    }

    /// The number of the next packet; may skip one to tell honest ACKs from guesses.
    mutating func takeNextNumber() -> UInt64 {
        while skipped.shouldSkip(packets.end) { packets.append(.skipped) }
        return packets.end
    }

    /// What became of a packet; nil if it was forgotten since.
    func fate(of number: UInt64) -> SentPacket.Fate? {
        packets.contains(number) ? packets[number].fate : nil
    }

    /// Where the frame records of the packet being written begin.
    var nextFrame: UInt64 { frames.end }

    /// Notes a frame of the packet being written.
    mutating func appendFrame(_ frame: SentFrame) {
        frames.append(frame)
    }

    /// Notes the packet being written as sent under the number ``takeNextNumber()`` gave.
    mutating func append(_ packet: SentPacket) {
        var packet = packet
        packet.frameCount = UInt16(truncatingIfNeeded: frames.end - packet.firstFrame)
        packets.append(packet)
        if packet.isInFlight { bytesInFlight += Int(packet.size) }
        if packet.isAckEliciting { elicitingCount += 1 }
    }

    /// The oldest ack-eliciting packet outstanding.
    var oldestEliciting: UInt64? {
        var number = max(firstOutstanding, packets.start)
        while number < packets.end {
            let packet = packets[number]
            if packet.fate == .outstanding, packet.isAckEliciting { return number }
            number += 1
        }
        return nil
    }

    /// Appends the frame records of a packet to `out`.
    func copyFrames(of number: UInt64, into out: inout [SentFrame]) {
        let packet = packets[number]
        for index in 0..<UInt64(packet.frameCount) { out.append(frames[packet.firstFrame + index]) }
    }

    // MARK: Acknowledgement

    /// Takes in an ACK.
    ///
    /// - Parameters:
    ///   - ranges: from the largest down, as the frame gave them.
    ///   - acknowledged: gets the frame records of every packet newly acknowledged.
    /// - Throws: ``Violation/acknowledgedUnsentPacket``; then nothing changed.
    mutating func acknowledge(
        _ ranges: [ClosedRange<UInt64>], now: Int64, sampler: inout DeliveryRateSampler,
        acknowledged: inout [SentFrame]
    ) throws(Violation) -> AcknowledgementSummary {
        var summary = AcknowledgementSummary()
        guard let top = ranges.first else { return summary }
        guard top.upperBound < packets.end else { throw .acknowledgedUnsentPacket }
        for range in ranges where skipped.contains(anyOf: range) {
            throw .acknowledgedUnsentPacket
        }
        let largestBefore = largestAcknowledged
        var known = 0
        for range in ranges {
            // What the last ACK already named is left out; both lists descend.
            var high = range.upperBound
            var isSpent = false
            while known < knownRanges.count, knownRanges[known].lowerBound > high { known += 1 }
            var index = known
            while index < knownRanges.count, knownRanges[index].upperBound >= range.lowerBound {
                let old = knownRanges[index]
                if old.upperBound < high {
                    settle(
                        (old.upperBound + 1)...high, largestBefore, now, &sampler, &acknowledged,
                        &summary)
                }
                guard old.lowerBound > range.lowerBound else {
                    isSpent = true
                    break
                }
                high = old.lowerBound - 1
                index += 1
            }
            if !isSpent, high >= range.lowerBound {
                settle(
                    range.lowerBound...high, largestBefore, now, &sampler, &acknowledged, &summary)
            }
        }
        if largestBefore.map({ top.upperBound >= $0 }) ?? true {
            largestAcknowledged = top.upperBound
            knownRanges.removeAll(keepingCapacity: true)
            knownRanges.append(contentsOf: ranges)
        }
        return summary
    }

    private mutating func settle(
        _ range: ClosedRange<UInt64>, _ largestBefore: UInt64?, _ now: Int64,
        _ sampler: inout DeliveryRateSampler, _ acknowledged: inout [SentFrame],
        _ summary: inout AcknowledgementSummary
    ) {
        guard range.upperBound >= packets.start else { return }
        var number = max(range.lowerBound, packets.start)
        while number <= range.upperBound {
            defer { number += 1 }
            let packet = packets[number]
            switch packet.fate {
            case .acknowledged, .skipped: continue
            case .abandoned:
                // It arrived after all, but says nothing about the path of today.
                packets[number].fate = .acknowledged
                copyFrames(of: number, into: &acknowledged)
                continue
            case .lost:
                summary.spuriousLosses += 1
                summary.newestSpuriousSentAt = max(summary.newestSpuriousSentAt, packet.sentAt)
                thresholds.lossWasSpurious(
                    distance: (largestBefore ?? number) > number
                        ? (largestBefore ?? number) - number : 0,
                    wasLate: true)
            case .outstanding:
                if packet.isInFlight {
                    bytesInFlight -= Int(packet.size)
                    summary.bytes += Int(packet.size)
                    summary.largestSize = max(summary.largestSize, Int(packet.size))
                }
                if packet.isAckEliciting {
                    elicitingCount -= 1
                    summary.newlyEliciting = true
                }
            }
            packets[number].fate = .acknowledged
            summary.packets += 1
            sampler.acknowledged(packet, number: number, now: now)
            copyFrames(of: number, into: &acknowledged)
            if summary.largest.map({ number > $0 }) ?? true {
                summary.largest = number
                summary.largestSentAt = packet.sentAt
            }
        }
    }

    /// Gives up on every packet outstanding, because their path was left; `lost` gets their frame
    /// records. Those declared lost before are no more heard of either: a late ACK of one would be
    /// measured against the new path.
    mutating func abandonOutstanding(into lost: inout [SentFrame]) {
        var number = packets.start
        while number < packets.end {
            switch packets[number].fate {
            case .outstanding:
                copyFrames(of: number, into: &lost)
                packets[number].fate = .abandoned
            case .lost: packets[number].fate = .abandoned
            case .acknowledged, .abandoned, .skipped: break
            }
            number += 1
        }
        firstOutstanding = packets.end
        bytesInFlight = 0
        elicitingCount = 0
        lossTime = nil
    }

    // MARK: Loss

    /// Declares lost what both thresholds of RFC 9002 §6.1 leave no hope for.
    /// - Parameter lost: gets the frame records of every packet declared lost.
    mutating func detectLosses(
        rtt: RTTEstimator, now: Int64, sampler: inout DeliveryRateSampler, lost: inout [SentFrame]
    ) -> LossSummary {
        var summary = LossSummary()
        lossTime = nil
        guard let largest = largestAcknowledged else { return summary }
        let patience = thresholds.time(rtt: rtt)
        var run: Int64?
        var number = max(firstOutstanding, packets.start)
        while number < largest {
            let packet = packets[number]
            guard packet.fate == .outstanding else {
                // An acknowledged packet between two lost ones ends the run (RFC 9002 §7.6.2).
                if packet.fate == .acknowledged { run = nil }
                number += 1
                continue
            }
            guard largest - number >= thresholds.packets || packet.sentAt + patience <= now else {
                lossTime = packet.sentAt + patience
                break
            }
            declareLost(number, packet, now, &sampler, &lost, &summary)
            if packet.isAckEliciting, rtt.firstSampleAt.map({ packet.sentAt > $0 }) ?? false {
                let since = run ?? packet.sentAt
                run = since
                summary.longestSpan = max(summary.longestSpan, packet.sentAt - since)
            }
            number += 1
        }
        firstOutstanding = max(firstOutstanding, number)
        forget(now: now, retention: 2 * rtt.smoothed + RTTEstimator.granularityNanoseconds)
        return summary
    }

    private mutating func declareLost(
        _ number: UInt64, _ packet: SentPacket, _ now: Int64,
        _ sampler: inout DeliveryRateSampler, _ lost: inout [SentFrame],
        _ summary: inout LossSummary
    ) {
        packets[number].fate = .lost
        packets[number].lostAt = now
        if packet.isAckEliciting { elicitingCount -= 1 }
        if packet.isInFlight {
            bytesInFlight -= Int(packet.size)
            summary.bytes += Int(packet.size)
            summary.packets += 1
            summary.newestSentAt = max(summary.newestSentAt, packet.sentAt)
            sampler.lost(packet, number: number)
            if packet.size > PathMTUSearch.base { summary.newestLargeSentAt = packet.sentAt }
        }
        copyFrames(of: number, into: &lost)
    }

    /// Forgets settled packets at the front; lost ones only after `retention`, so that a late ACK
    /// still shows that the loss was spurious.
    private mutating func forget(now: Int64, retention: Int64) {
        var number = packets.start
        while number < packets.end {
            let packet = packets[number]
            if packet.fate == .outstanding { break }
            if packet.fate == .lost, packet.lostAt + retention > now { break }
            if packet.fate == .abandoned, packet.sentAt + 2 * retention > now { break }
            number += 1
        }
        packets.trim(to: number)
        frames.trim(to: packets.isEmpty ? frames.end : packets[packets.start].firstFrame)
    }
}

/// What an ACK settled.
struct AcknowledgementSummary {
    /// Packets newly acknowledged, those declared lost before included.
    var packets = 0
    /// Their bytes that were still in flight.
    var bytes = 0
    /// Bytes of the largest of those.
    var largestSize = 0
    /// Whether any of them was ack-eliciting.
    var newlyEliciting = false
    /// The largest number among them, and when it was sent.
    var largest: UInt64?
    var largestSentAt: Int64 = 0
    /// How many had been declared lost.
    var spuriousLosses = 0
    /// When the newest of those was sent.
    var newestSpuriousSentAt: Int64 = .min
}

/// What was declared lost at one time.
struct LossSummary {
    var packets = 0
    var bytes = 0
    /// When the newest lost packet was sent.
    var newestSentAt: Int64 = .min
    /// The same of those above the least size, ``PathMTUSearch/base``; nil if there are none.
    var newestLargeSentAt: Int64?
    /// The longest time between two ack-eliciting packets lost with none acknowledged between.
    var longestSpan: Int64 = 0
}

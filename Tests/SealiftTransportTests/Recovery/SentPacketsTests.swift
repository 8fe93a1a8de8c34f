import SealiftBase
import Testing

@testable import SealiftTransport

@Suite("Sent packets")
struct SentPacketsTests {
    /// Sends `count` packets of 1,000 bytes a millisecond apart; every number names its frame.
    private func send(_ count: Int, in sent: inout SentPackets, at start: Int64 = 0) -> [UInt64] {
        var numbers: [UInt64] = []
        var sampler = DeliveryRateSampler()
        for step in 0..<count {
            let number = sent.takeNextNumber()
            var packet = SentPacket(fate: .outstanding)
            packet.firstFrame = sent.nextFrame
            packet.isAckEliciting = true
            packet.isInFlight = true
            packet.size = 1000
            packet.sentAt = start + Int64(step) * 1_000_000
            sampler.stamp(&packet, bytesInFlight: sent.bytesInFlight)
            sent.appendFrame(.controlData(offset: number, length: 1))
            sent.append(packet)
            numbers.append(number)
        }
        return numbers
    }

    @Test("Random ACKs settle exactly what a set of numbers says", arguments: 0..<30)
    func model(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var sent = SentPackets(skipSeed: UInt64(seed))
        var sampler = DeliveryRateSampler()
        var outstanding = Set(send(400, in: &sent))
        let all = outstanding
        var received = IntervalSet()
        for _ in 0..<200 {
            for _ in 0..<3 {
                if let one = all.randomElement(using: &generator) { received.insert(one) }
            }
            var reported = received
            reported.keepHighest(ranges: 65)
            let ranges = reported.ranges.reversed().map { $0.lowerBound...($0.upperBound - 1) }
            var frames: [SentFrame] = []
            _ = try sent.acknowledge(ranges, now: 1, sampler: &sampler, acknowledged: &frames)
            let named = Set(
                frames.map { frame -> UInt64 in
                    if case .controlData(let offset, _) = frame { offset } else { .max }
                })
            let expected = outstanding.filter { reported.contains($0) }
            #expect(named == expected && frames.count == expected.count)
            outstanding.subtract(expected)
            #expect(sent.bytesInFlight == outstanding.count * 1000)
            #expect(sent.elicitingCount == outstanding.count)
        }
    }

    @Test("Three packets later, or 9/8 of a round trip later, a packet is lost; not before")
    func thresholds() throws {
        var sent = SentPackets(skipSeed: 1)
        var sampler = DeliveryRateSampler()
        var rtt = RTTEstimator()
        rtt.update(sample: 80_000_000, delay: 0, now: 0)
        let numbers = send(6, in: &sent)
        var frames: [SentFrame] = []
        _ = try sent.acknowledge(
            [numbers[4]...numbers[4]], now: 90_000_000, sampler: &sampler, acknowledged: &frames)
        var lost: [SentFrame] = []
        let first = sent.detectLosses(
            rtt: rtt, now: 85_000_000, sampler: &sampler, lost: &lost)
        #expect(first.packets == 2)
        let due: Int64 = 92_000_000
        #expect(sent.lossTime == due)
        let second = sent.detectLosses(
            rtt: rtt, now: 93_000_000, sampler: &sampler, lost: &lost)
        #expect(second.packets == 2)
        #expect(sent.bytesInFlight == 1000)
        #expect(sent.lossTime == nil)
    }

    @Test("A late ACK shows a loss to be spurious and widens the threshold")
    func spurious() throws {
        var sent = SentPackets(skipSeed: 1)
        var sampler = DeliveryRateSampler()
        var rtt = RTTEstimator()
        rtt.update(sample: 80_000_000, delay: 0, now: 0)
        _ = send(8, in: &sent)
        var frames: [SentFrame] = []
        _ = try sent.acknowledge([5...5], now: 1, sampler: &sampler, acknowledged: &frames)
        var lost: [SentFrame] = []
        _ = sent.detectLosses(rtt: rtt, now: 1, sampler: &sampler, lost: &lost)
        #expect(lost.count == 3)
        let summary = try sent.acknowledge(
            [0...5], now: 2, sampler: &sampler, acknowledged: &frames)
        #expect(summary.spuriousLosses == 3)
        #expect(sent.thresholds.packets == 6)
        #expect(frames.count == 6)
    }

    @Test("Numbers never sent are refused, and nothing changes")
    func optimistic() {
        var sent = SentPackets(skipSeed: 1)
        var sampler = DeliveryRateSampler()
        _ = send(3, in: &sent)
        var frames: [SentFrame] = []
        #expect(throws: Violation.acknowledgedUnsentPacket) {
            try sent.acknowledge([0...3], now: 1, sampler: &sampler, acknowledged: &frames)
        }
        #expect(frames.isEmpty && sent.bytesInFlight == 3000)
    }

    @Test("The round-trip time follows RFC 9002, and the peer's delay never sinks it too low")
    func roundTripTime() {
        var rtt = RTTEstimator()
        rtt.update(sample: 100_000_000, delay: 50_000_000, now: 0)
        #expect(rtt.smoothed == 100_000_000 && rtt.variation == 50_000_000)
        rtt.update(sample: 120_000_000, delay: 30_000_000, now: 1)
        #expect(rtt.smoothed == (7 * 100_000_000 + 120_000_000) / 8)
        rtt.update(sample: 140_000_000, delay: 20_000_000, now: 2)
        #expect(rtt.latest == 140_000_000 && rtt.minimum == 100_000_000)
    }
}

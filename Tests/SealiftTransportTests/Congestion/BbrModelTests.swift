import SealiftBase
import Testing

@testable import SealiftTransport

@Suite("BBR's model of a path")
struct BbrModelTests {
    @Test("A round ends with the first packet that left after it began")
    func rounds() {
        var rounds = RoundCounter()
        rounds.acknowledged(priorDelivered: 0, delivered: 10_000)
        #expect(rounds.isStart && rounds.count == 1)
        rounds.acknowledged(priorDelivered: 9_999, delivered: 20_000)
        #expect(!rounds.isStart && rounds.count == 1)
        rounds.acknowledged(priorDelivered: 10_000, delivered: 30_000)
        #expect(rounds.isStart && rounds.count == 2)
        rounds.restart(delivered: 40_000)
        rounds.acknowledged(priorDelivered: 35_000, delivered: 50_000)
        #expect(!rounds.isStart)
    }

    @Test(
        "The windowed maximum lies between the newest value and the greatest of the window",
        arguments: UInt64(0)..<50)
    func windowedMaximum(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var filter = WindowedMaximum()
        var history: [(value: Double, round: UInt64)] = []
        var round: UInt64 = 0
        for _ in 0..<500 {
            round += UInt64.random(in: 0...2, using: &generator)
            let value = generator.nextUnit()
            filter.update(value, round: round, length: 10)
            history.append((value, round))
            let greatest = history.filter { round - $0.round <= 10 }.map(\.value).max() ?? 0
            #expect(filter.maximum >= value && filter.maximum <= greatest)
        }
    }

    @Test("A falling series is followed as soon as its peak leaves the window")
    func fallingMaximum() {
        var filter = WindowedMaximum()
        for round in UInt64(0)...30 { filter.update(100 - Double(round), round: round, length: 10) }
        #expect(filter.maximum >= 70 && filter.maximum <= 80)
    }

    @Test("The initial window follows the datagram's size until it was delivered (RFC 9002 §7.2)")
    func initialWindow() {
        #expect(Bbr.initialWindow(datagramSize: 1_200) == 12_000)
        #expect(Bbr.initialWindow(datagramSize: 1_452) == 14_520)
        #expect(Bbr.initialWindow(datagramSize: 8_952) == 17_904)
        var bbr = Bbr(datagramSize: 1_200, lossTolerance: 0.02, seed: 1)
        #expect(bbr.congestionWindow == 12_000)
        bbr.datagramSizeChanged(to: 1_452)
        #expect(bbr.congestionWindow == 14_520)
        // Smaller again: what was granted stays.
        bbr.datagramSizeChanged(to: 1_200)
        #expect(bbr.congestionWindow == 14_520)
    }

    @Test("Three rounds without a quarter more mean a full pipe, growth begins anew")
    func fullPipe() {
        var pipe = FullPipeDetector()
        for rate in [100.0, 130, 170, 180, 190] { pipe.roundEnded(rate: rate) }
        #expect(!pipe.isFull)
        pipe.roundEnded(rate: 230)
        for rate in [240.0, 250] { pipe.roundEnded(rate: rate) }
        #expect(!pipe.isFull)
        pipe.roundEnded(rate: 260)
        #expect(pipe.isFull && pipe.wasReached)
        pipe.restart(from: 100)
        #expect(!pipe.isFull && pipe.wasReached)
    }

    @Test("The greatest rate of two cycles counts; one the application set only if it is greater")
    func bandwidth() {
        var filter = BandwidthFilter()
        filter.update(100, isApplicationLimited: false)
        filter.update(50, isApplicationLimited: true)
        filter.advance()
        #expect(filter.maximum == 100)
        filter.update(80, isApplicationLimited: false)
        filter.advance()
        #expect(filter.maximum == 80)
        filter.advance()
        #expect(filter.maximum == 80)
        filter.update(90, isApplicationLimited: true)
        #expect(filter.maximum == 90)
    }

    @Test("The round-trip time is measured afresh after five seconds without a sample near it")
    func minimumRoundTrip() {
        let second: Int64 = 1_000_000_000
        var path = MinimumRoundTrip()
        path.update(80_000_000, now: 0)
        path.update(50_000_000, now: second)
        #expect(path.minimum == 50_000_000)
        // Within 1/32: the queue was empty just now.
        path.update(51_000_000, now: 5 * second)
        path.update(60_000_000, now: 9 * second)
        #expect(!path.isDue && path.minimum == 50_000_000)
        path.update(60_000_000, now: 10 * second + 1)
        #expect(path.isDue)
        path.wasProbed(now: 11 * second)
        path.update(60_000_000, now: 12 * second)
        #expect(!path.isDue)
    }

    @Test("Long paths are measured every fifty round trips, so that it costs no more")
    func longRoundTrip() {
        let second: Int64 = 1_000_000_000
        var path = MinimumRoundTrip()
        path.update(600_000_000, now: 0)
        path.update(700_000_000, now: 29 * second)
        #expect(!path.isDue)
        path.update(700_000_000, now: 31 * second)
        #expect(path.isDue)
    }

    @Test("ACKs that come in bunches widen the window by the bunch")
    func aggregation() {
        var aggregation = AckAggregation()
        var now: Int64 = 0
        for round in UInt64(1)...20 {
            // 1 MB/s on average, 20 KB at once every 20 ms.
            now += 20_000_000
            aggregation.acknowledged(
                20_000, bandwidth: 1_000_000, window: 200_000, round: round, isStartup: false,
                now: now)
        }
        #expect(aggregation.extra >= 19_000 && aggregation.extra <= 40_000)
    }

    @Test("A few lost of few packets prove nothing, the same share of many does")
    func lossRound() {
        func round(lost: Int, delivered: UInt64) -> Bool {
            var round = LossRound(delivered: 0)
            for number in 0..<lost { round.add(packet(UInt64(number * 2))) }
            return round.exceeds(0.02, delivered: delivered, segment: 1000)
        }
        #expect(!round(lost: 2, delivered: 48_000))
        #expect(round(lost: 40, delivered: 960_000))
        #expect(!round(lost: 20, delivered: 980_000))
        var runs = LossRound(delivered: 0)
        for number in [UInt64(4), 5, 6, 9, 10, 20] { runs.add(packet(number)) }
        #expect(runs.runs == 3 && runs.lost == 6000)
    }

    @Test("A probe may lose half as much again as the path does, and one in a thousand")
    func naturalLoss() {
        var natural = NaturalLoss()
        #expect(natural.tolerance(atMost: 0.02) == 0.02)
        var delivered: UInt64 = 0
        func round(lost: Int, isCruise: Bool) {
            for _ in 0..<lost { natural.packetLost(bytes: 1000) }
            delivered += UInt64(1000 - lost) * 1000
            natural.roundEnded(delivered: delivered, isCruise: isCruise)
        }
        // A probe that overflows the queue says nothing of the path.
        round(lost: 500, isCruise: false)
        for _ in 0..<20 { round(lost: 0, isCruise: true) }
        #expect(natural.tolerance(atMost: 0.02) == 0.001)
        for _ in 0..<100 { round(lost: 10, isCruise: true) }
        let share = natural.share ?? 0
        #expect(abs(share - 0.01) < 0.0005)
        #expect(natural.tolerance(atMost: 0.02) == share * 1.5 + 0.001)
        for _ in 0..<100 { round(lost: 100, isCruise: true) }
        #expect(natural.tolerance(atMost: 0.02) == 0.02)
    }

    private func packet(_ number: UInt64) -> LostPacket {
        LostPacket(
            number: number, bytes: 1000, sentAt: 0, bytesInFlightAtSend: 10_000,
            lostSinceSent: 1000, isApplicationLimited: false)
    }
}

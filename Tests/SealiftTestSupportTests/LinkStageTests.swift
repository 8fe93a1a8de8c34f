import SealiftBase
import SealiftTestSupport
import Testing

/// Feeds datagrams to one link stage and collects what comes out.
private struct Feeder<Stage: LinkStage> {
    var stage: Stage
    var generator: SeededGenerator
    var now = Instant.zero

    init(_ stage: Stage, seed: SimulationSeed = SimulationSeed(1)) {
        self.stage = stage
        generator = seed.generator(for: "stage")
    }

    /// Feeds a datagram of `size` bytes that begins with `number`, and moves `pause` ahead.
    mutating func feed(
        _ number: UInt8 = 0, size: Int = 100, ecn: SimulatedECN = .notCapable,
        pause: Duration = .zero
    ) -> [LinkOutput] {
        let bytes = [number] + [UInt8](repeating: 0xAA, count: size - 1)
        let datagram = SimulatedDatagram(bytes: bytes, to: SimulatedAddress(host: 2), ecn: ecn)
        var outputs: [LinkOutput] = []
        stage.process(datagram, now: now, generator: &generator, into: &outputs)
        now += pause
        return outputs
    }

    /// Feeds `count` datagrams; whether each came through.
    mutating func passes(_ count: Int) -> [Bool] {
        (0..<count).map { _ in !feed().isEmpty }
    }
}

@Suite("Link stages")
struct LinkStageTests {
    @Test("a fixed delay is exactly that")
    func fixedDelay() {
        var feeder = Feeder(Delay(.milliseconds(20)))
        #expect(feeder.feed().map(\.delay) == [.milliseconds(20)])
    }

    @Test("jitter stays in its range and, unless freed, keeps the order")
    func jitter() {
        for order in [Delay.Order.kept, .free] {
            var feeder = Feeder(Delay(.milliseconds(20), jitter: .milliseconds(10), order: order))
            var exits: [Instant] = []
            for _ in 0..<500 {
                let enter = feeder.now
                for output in feeder.feed(pause: .microseconds(100)) {
                    #expect(output.delay >= .milliseconds(20))
                    #expect(output.delay < .milliseconds(30))
                    exits.append(enter + output.delay)
                }
            }
            #expect(exits.count == 500)
            #expect((exits == exits.sorted()) == (order == .kept))
        }
    }

    @Test("independent loss loses its share", arguments: [0, 0.01, 0.1, 0.5, 1])
    func independentLoss(probability: Double) {
        var feeder = Feeder(IndependentLoss(probability))
        let lost = feeder.passes(20_000).count { !$0 }
        #expect(abs(Double(lost) / 20_000 - probability) < 0.02)
        if probability == 0 { #expect(lost == 0) }
        if probability == 1 { #expect(lost == 20_000) }
    }

    @Test("burst loss loses its share, in bursts of the stated length")
    func burstLoss() {
        var feeder = Feeder(BurstLoss(loss: 0.05, averageBurst: 8))
        let passed = feeder.passes(200_000)
        let lost = passed.count { !$0 }
        let bursts = zip([true] + passed, passed).count { $0 && !$1 }
        #expect(abs(Double(lost) / 200_000 - 0.05) < 0.01)
        #expect(abs(Double(lost) / Double(bursts) - 8) < 1)
    }

    @Test("burst loss may lose in both states, each with its own probability")
    func gilbertElliott() {
        var stage = BurstLoss(
            worsening: 0, recovery: 0, lossWhileGood: 0.25, lossWhileBad: 1)
        var feeder = Feeder(stage)
        #expect(abs(Double(feeder.passes(20_000).count { !$0 }) / 20_000 - 0.25) < 0.02)
        stage = BurstLoss(worsening: 1, recovery: 0, lossWhileGood: 0, lossWhileBad: 1)
        feeder = Feeder(stage)
        #expect(feeder.passes(100).allSatisfy { !$0 })
    }

    @Test("reordering holds back its share and nothing else")
    func reordering() {
        var feeder = Feeder(Reordering(0.2, holdBack: .milliseconds(5)))
        let delays = (0..<20_000).flatMap { _ in feeder.feed().map(\.delay) }
        #expect(delays.count == 20_000)
        #expect(delays.allSatisfy { $0 >= .zero && $0 < .milliseconds(5) })
        let held = delays.count { $0 > .zero }
        #expect(abs(Double(held) / 20_000 - 0.2) < 0.02)
    }

    @Test("duplication copies its share, and the copy never comes first")
    func duplication() {
        var feeder = Feeder(Duplication(0.3, spread: .milliseconds(2)))
        var copies = 0
        for number in 0..<20_000 {
            let outputs = feeder.feed(UInt8(number % 256))
            #expect(outputs.first?.delay == .zero)
            #expect(Set(outputs.map(\.datagram)).count == 1)
            copies += outputs.count - 1
        }
        #expect(abs(Double(copies) / 20_000 - 0.3) < 0.02)
    }

    @Test("corruption damages its share, and what it damages always differs")
    func corruption() {
        var feeder = Feeder(Corruption(0.25), seed: SimulationSeed(9))
        let original = [UInt8(0)] + [UInt8](repeating: 0xAA, count: 99)
        var sizes = Set<Int>()
        var damaged = 0
        for _ in 0..<20_000 {
            for output in feeder.feed() where output.datagram.bytes != original {
                damaged += 1
                sizes.insert(output.datagram.bytes.count)
            }
        }
        #expect(abs(Double(damaged) / 20_000 - 0.25) < 0.02)
        #expect(sizes.contains(100) && sizes.contains { $0 < 100 } && sizes.contains { $0 > 100 })
        var certain = Feeder(Corruption(1))
        for _ in 0..<2_000 {
            #expect(certain.feed(size: 1).allSatisfy { $0.datagram.bytes != [0] })
        }
    }

    @Test("a bottleneck sends at its rate, headers included, one datagram after the other")
    func rate() {
        var feeder = Feeder(RateLimit(bytesPerSecond: 128_000, queueCapacity: 10_000))
        // 100 bytes and 28 of headers at 128 bytes a millisecond.
        #expect(
            (1...5).flatMap { _ in feeder.feed().map(\.delay) } == (1...5).map { .milliseconds($0) }
        )
        feeder.now += .milliseconds(60)
        #expect(feeder.feed().map(\.delay) == [.milliseconds(1)])
    }

    @Test("a full queue drops at the tail and takes again when it has drained")
    func queue() {
        var feeder = Feeder(RateLimit(bytesPerSecond: 128_000, queueCapacity: 4 * 128))
        #expect(feeder.passes(6) == [true, true, true, true, false, false])
        feeder.now += .milliseconds(2)
        #expect(feeder.passes(3) == [true, true, false])
    }

    @Test("a queue over its threshold marks what can carry a mark")
    func marking() {
        var feeder = Feeder(
            RateLimit(bytesPerSecond: 128_000, queueCapacity: 10_000, markingThreshold: 200))
        #expect(
            (0..<4).flatMap { _ in feeder.feed(ecn: .capable0).map(\.datagram.ecn) }
                == [.capable0, .capable0, .congestionExperienced, .congestionExperienced])
        #expect(feeder.feed(ecn: .notCapable).map(\.datagram.ecn) == [.notCapable])
    }

    @Test("a rate in megabits has a queue of the stated time")
    func megabits() {
        let limit = RateLimit(megabitsPerSecond: 100, queueTime: .milliseconds(200))
        #expect(limit.bytesPerSecond == 12_500_000)
        #expect(limit.queueCapacity == 2_500_000)
    }

    @Test("an outage loses everything in its window, the start included and the end not")
    func outage() {
        let window = Instant(nanoseconds: 10)..<Instant(nanoseconds: 20)
        var feeder = Feeder(Outage([window]))
        let passed = ([9, 10, 19, 20] as [Int64]).map { nanoseconds in
            feeder.now = Instant(nanoseconds: nanoseconds)
            return !feeder.feed().isEmpty
        }
        #expect(passed == [true, false, false, true])
    }

    @Test("a size limit is a black hole for what is larger")
    func sizeLimit() {
        var feeder = Feeder(SizeLimit(1_200))
        #expect(feeder.feed(size: 1_200).count == 1)
        #expect(feeder.feed(size: 1_201).isEmpty)
    }
}

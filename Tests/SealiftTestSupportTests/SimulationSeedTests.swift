import SealiftBase
@testable import SealiftTestSupport
import Testing

@Suite("Simulation seed")
struct SimulationSeedTests {
    @Test("series follow each other, and the environment's word replaces them")
    func series() {
        #expect(
            SimulationSeed.series(3, from: 5, environment: nil)
                == [SimulationSeed(5), SimulationSeed(6), SimulationSeed(7)])
        #expect(
            SimulationSeed.series(200, from: 1, environment: "123") == [SimulationSeed(123)])
        #expect(SimulationSeed.series(4, from: 1, environment: "random").count == 4)
    }

    @Test("each purpose has its own numbers, the same every time")
    func purposes() {
        func first(_ purpose: String, _ seed: UInt64 = 1) -> UInt64 {
            var generator = SimulationSeed(seed).generator(for: purpose)
            return generator.next()
        }
        #expect(first("loss") == first("loss"))
        #expect(first("loss") != first("delay"))
        #expect(first("loss") != first("loss", 2))
    }
}

@Suite("Event queue")
struct EventQueueTests {
    @Test(
        "hands out the earliest, and equals in the order they came",
        arguments: SimulationSeed.series(20))
    func order(seed: SimulationSeed) {
        var generator = seed.generator(for: "events")
        var queue = EventQueue<Int>()
        var model: [(instant: Instant, value: Int)] = []
        var now = Instant.zero
        for value in 0..<500 {
            let instant = now + .nanoseconds(Int64.random(in: 0..<20, using: &generator))
            queue.add(value, at: instant)
            let place = model.firstIndex { $0.instant > instant } ?? model.count
            model.insert((instant, value), at: place)
            if Bool.random(using: &generator) {
                now += .nanoseconds(Int64.random(in: 0..<10, using: &generator))
                while let value = queue.pop(notAfter: now) {
                    #expect(value == model.removeFirst().value)
                }
                #expect(model.allSatisfy { $0.instant > now })
                #expect(queue.nextInstant == model.first?.instant)
            }
        }
    }
}

@Suite("Virtual clock")
struct VirtualClockTests {
    @Test("never goes back")
    func monotonic() {
        var clock = VirtualClock(start: Instant(nanoseconds: 50))
        clock.advance(to: Instant(nanoseconds: 20))
        clock.advance(by: .nanoseconds(-10))
        #expect(clock.now == Instant(nanoseconds: 50))
        clock.advance(by: .nanoseconds(5))
        #expect(clock.now == Instant(nanoseconds: 55))
    }
}

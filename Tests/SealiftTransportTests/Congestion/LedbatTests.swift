import Testing

@testable import SealiftTransport

@Suite("LEDBAT++")
struct LedbatTests {
    private let millisecond: Int64 = 1_000_000

    /// Acknowledges a whole window every round trip, whose length `roundTrip` says.
    private func run(
        _ ledbat: inout Ledbat, rounds: Int, now: inout Int64, roundTrip: (Int, Int64) -> Int64
    ) {
        for round in 0..<rounds {
            let sample = roundTrip(round, now)
            var rtt = RTTEstimator()
            rtt.update(sample: sample, delay: 0, now: 0)
            now += sample
            let quarter = ledbat.congestionWindow / 4
            for step in 0..<4 {
                ledbat.acknowledged(
                    AcknowledgementEvent(
                        now: now + Int64(step), bytes: quarter, largest: 0,
                        largestSentAt: now - sample + 1, bytesInFlight: 0,
                        isApplicationLimited: false, rtt: rtt, hasRTTSample: true, sample: nil))
            }
        }
    }

    @Test("A queue beyond its target makes the window shrink until the queue is gone")
    func yields() {
        var ledbat = Ledbat(datagramSize: 1000)
        var now: Int64 = 0
        run(&ledbat, rounds: 60, now: &now) { _, _ in 60 * millisecond }
        let before = ledbat.congestionWindow
        #expect(before > 100_000)
        run(&ledbat, rounds: 30, now: &now) { _, _ in 150 * millisecond }
        #expect(ledbat.congestionWindow <= before / 10)
    }

    @Test("It slows down by itself now and then, and comes back")
    func slowdown() {
        var ledbat = Ledbat(datagramSize: 1000)
        var now: Int64 = 0
        var least = Int.max
        // A path that fills at 200 packets.
        run(&ledbat, rounds: 100, now: &now) { _, _ in 60 * millisecond }
        ledbat.lost(LossEvent(now: now, packets: 1, bytes: 1000, newestSentAt: now))
        for _ in 0..<100 {
            run(&ledbat, rounds: 1, now: &now) { _, _ in 60 * millisecond }
            least = min(least, ledbat.congestionWindow)
        }
        #expect(least <= 4000)
        #expect(ledbat.congestionWindow > 10_000)
    }

    @Test("The base delay is the least of ten minutes, and older ones are forgotten")
    func history() {
        let minute: Int64 = 60_000_000_000
        var history = BaseDelayHistory()
        history.update(10, now: 0)
        for step in Int64(1)..<10 { history.update(20, now: step * minute) }
        #expect(history.minimum == 10)
        history.update(20, now: 10 * minute)
        #expect(history.minimum == 20)
    }
}

import SealiftBase
import Testing

@testable import Sealift

@Suite("Rate meter")
struct RateMeterTests {
    private func at(_ milliseconds: Int64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test("tells the rate of the recent seconds and the time left")
    func rate() {
        var meter = RateMeter()
        #expect(meter.bytesPerSecond == 0)
        #expect(meter.timeRemaining(for: 1) == nil)
        for second in 0...20 {
            meter.note(UInt64(second) * 1_000, now: at(Int64(second) * 1_000))
        }
        #expect(meter.bytesPerSecond == 1_000)
        #expect(meter.timeRemaining(for: 5_000) == .seconds(5))
    }

    @Test("begins anew where a receiver comes back and counts from the start")
    func restart() {
        var meter = RateMeter()
        meter.note(1_000_000, now: at(0))
        meter.note(2_000_000, now: at(1_000))
        meter.note(10, now: at(2_000))
        #expect(meter.bytesPerSecond == 0)
        meter.note(110, now: at(3_000))
        #expect(meter.bytesPerSecond == 100)
    }
}

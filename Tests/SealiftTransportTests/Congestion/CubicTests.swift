import SealiftBase
import Testing

@testable import SealiftTransport

@Suite("CUBIC")
struct CubicTests {
    private func event(
        _ bytes: Int, at now: Int64, sentAt: Int64, limited: Bool = false
    ) -> AcknowledgementEvent {
        var rtt = RTTEstimator()
        rtt.update(sample: 200_000_000, delay: 0, now: 0)
        return AcknowledgementEvent(
            now: now, bytes: bytes, largest: 0, largestSentAt: sentAt, bytesInFlight: 0,
            isApplicationLimited: limited, rtt: rtt, hasRTTSample: false, sample: nil)
    }

    @Test("Slow start doubles a window that is used, and keeps one that is not")
    func slowStart() {
        var cubic = Cubic(datagramSize: 1200)
        cubic.acknowledged(event(12_000, at: 1, sentAt: 0))
        #expect(cubic.congestionWindow == 24_000)
        cubic.acknowledged(event(12_000, at: 2, sentAt: 1, limited: true))
        #expect(cubic.congestionWindow == 24_000)
    }

    @Test("All losses of one episode reduce the window once")
    func oneReduction() {
        var cubic = Cubic(datagramSize: 1200)
        cubic.acknowledged(event(108_000, at: 1, sentAt: 0))
        cubic.lost(LossEvent(now: 100, packets: 1, bytes: 1200, newestSentAt: 50))
        cubic.lost(LossEvent(now: 110, packets: 9, bytes: 1200, newestSentAt: 99))
        #expect(cubic.congestionWindow == 84_000)
        #expect(cubic.reductions == 1)
        cubic.lost(LossEvent(now: 300, packets: 1, bytes: 1200, newestSentAt: 150))
        #expect(cubic.reductions == 2)
    }

    @Test("A reduction whose every loss was spurious is undone")
    func undo() {
        var cubic = Cubic(datagramSize: 1200)
        cubic.acknowledged(event(108_000, at: 1, sentAt: 0))
        cubic.lost(LossEvent(now: 100, packets: 3, bytes: 3600, newestSentAt: 50))
        cubic.lossesWereSpurious(packets: 2, newestSentAt: 50)
        #expect(cubic.congestionWindow == 84_000)
        cubic.lossesWereSpurious(packets: 1, newestSentAt: 50)
        #expect(cubic.congestionWindow == 120_000)
    }

    @Test("The window is back at its maximum after K seconds, as the curve of RFC 9438 says")
    func curve() {
        var cubic = Cubic(datagramSize: 1000)
        cubic.acknowledged(event(1_990_000, at: 1, sentAt: 0))
        cubic.lost(LossEvent(now: 2, packets: 1, bytes: 1000, newestSentAt: 1))
        #expect(cubic.congestionWindow == 1_400_000)
        // K = cbrt(600 segments / 0.4) = 11.45 s.
        var now: Int64 = 3
        let end: Int64 = 11_450_000_000
        while now < end {
            cubic.acknowledged(event(cubic.congestionWindow / 10, at: now, sentAt: now))
            now += 20_000_000
        }
        #expect(cubic.congestionWindow > 1_980_000 && cubic.congestionWindow < 2_020_000)
    }
}

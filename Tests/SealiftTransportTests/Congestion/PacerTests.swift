import SealiftBase
import Testing

@testable import SealiftTransport

@Suite("The pacer")
struct PacerTests {
    @Test("never lets more out than its rate and one bucket")
    func bound() {
        var pacer = Pacer(burst: 12_000, datagramSize: 1200, now: 0)
        pacer.setRate(10_000_000, datagramSize: 1200, now: 0)
        var generator = SeededGenerator(seed: 1)
        var now: Int64 = 0
        var sent = 0
        while now < 1_000_000_000 {
            let allowance = pacer.allowance(now: now)
            #expect(allowance <= 10_000)
            if allowance > 0 {
                let bytes = (allowance + 1199) / 1200 * 1200
                pacer.sent(bytes)
                sent += bytes
            } else if let release = pacer.releaseTime {
                #expect(release.nanoseconds > now)
                now = release.nanoseconds
            }
            if Bool.random(using: &generator) { now += Int64(generator.next() % 1_000_000) }
        }
        #expect(sent <= 10_000_000 + 12_000 + 22_400)
        #expect(sent >= 9_900_000)
    }

    /// Bytes that leave until `end`, of a sender that looks once a millisecond.
    private func send(_ pacer: inout Pacer, from start: Int64, to end: Int64) -> Int {
        var sent = 0
        for now in stride(from: start, to: end, by: 1_000_000) {
            while case let allowance = pacer.allowance(now: now), allowance > 0 {
                pacer.sent(allowance)
                sent += allowance
            }
        }
        return sent
    }

    @Test("makes up for a nap of 25 ms, at a quarter more than the rate")
    func makesUp() {
        var pacer = Pacer(burst: 0, datagramSize: 1200, now: 0)
        pacer.setRate(10_000_000, datagramSize: 1200, now: 0)
        pacer.setHoldingBack(true)
        let before = send(&pacer, from: 0, to: 50_000_000)
        // Nothing for 25 ms, which is 250,000 bytes.
        let soonAfter = send(&pacer, from: 75_000_000, to: 95_000_000)
        #expect(soonAfter <= 20_000 + 250_000 && soonAfter >= 240_000)
        let later = send(&pacer, from: 95_000_000, to: 300_000_000)
        #expect(abs(before + soonAfter + later - 3_000_000) <= 30_000)
    }

    @Test("makes up for no more than 25 ms of a longer nap")
    func longNap() {
        var pacer = Pacer(burst: 0, datagramSize: 1200, now: 0)
        pacer.setRate(10_000_000, datagramSize: 1200, now: 0)
        pacer.setHoldingBack(true)
        _ = send(&pacer, from: 0, to: 50_000_000)
        let after = send(&pacer, from: 1_050_000_000, to: 1_550_000_000)
        #expect(after <= 5_000_000 + 250_000 + 30_000)
        #expect(after >= 5_000_000 + 240_000)
    }

    @Test("makes up for nothing where data or window were missing")
    func idle() {
        var pacer = Pacer(burst: 0, datagramSize: 1200, now: 0)
        pacer.setRate(10_000_000, datagramSize: 1200, now: 0)
        pacer.setHoldingBack(false)
        _ = send(&pacer, from: 0, to: 50_000_000)
        let after = send(&pacer, from: 1_050_000_000, to: 1_550_000_000)
        #expect(after <= 5_000_000 + 30_000)
    }
}

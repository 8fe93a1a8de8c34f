import SealiftBase
import Testing

@testable import Sealift

@Suite("The wait for a sender that went away")
struct OutageTests {
    private func at(_ seconds: Int64) -> Instant {
        Instant(nanoseconds: seconds * 1_000_000_000)
    }

    @Test("begins with a dial and ends ten minutes after the sender was heard last")
    func span() {
        let outage = Outage(since: at(100), now: at(108))
        #expect(outage.nextDial == at(108))
        #expect(outage.end == at(700))
        #expect(outage.timeLeft(now: at(120)) == .seconds(580))
        #expect(outage.timeLeft(now: at(701)) == .zero)
    }

    @Test("dials ever more rarely, and never more than eight seconds apart")
    func backoff() {
        var outage = Outage(since: at(0), now: at(8))
        var now = at(8)
        var pauses: [Duration] = []
        while now < outage.end {
            now += Outage.dialTime
            outage.dialFailed(now: now)
            pauses.append(outage.nextDial - now)
            now = outage.nextDial
        }
        #expect(
            pauses.prefix(6) == [
                .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(8),
            ])
        #expect(pauses.allSatisfy { $0 <= Outage.longestPause })
        #expect(pauses.count < 60)
    }

    @Test("leaves the ping time to be answered before it dials beside the session")
    func silence() {
        #expect(Outage.silenceBeforeDialing > .seconds(5))
        #expect(Outage.silenceBeforeDialing < .seconds(30))
    }
}

import SealiftBase
import SealiftTestSupport
import Testing

@testable import SealiftTransport

@Suite("Objects between two connections")
struct TransferTests {
    @Test("A hundred megabytes arrive whole over a lossy, reordering, doubling path")
    func hundredMegabytes() throws {
        var pair = try Pair(
            seed: SimulationSeed(1), lengths: Array(repeating: 262_176, count: 400), window: 128,
            stages: [
                RateLimit(megabitsPerSecond: 800, queueTime: .milliseconds(40)),
                Delay(.milliseconds(10), jitter: .milliseconds(1), order: .free),
                IndependentLoss(0.01), Duplication(0.01),
            ])
        #expect(pair.runToCompletion(within: .seconds(120)))
        let statistics = pair.network[pair.sender].connection.statistics
        print(pair.network.now, statistics)
        #expect(statistics.packetsLost > 0)
    }
}

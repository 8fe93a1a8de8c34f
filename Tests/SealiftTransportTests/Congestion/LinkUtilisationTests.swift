import SealiftBase
import SealiftTestSupport
import Testing

@testable import SealiftTransport

@Suite("Filling links")
struct LinkUtilisationTests {
    /// Bytes per second of objects that arrived between two instants.
    private func goodput(_ pair: inout Pair, from start: Duration, to end: Duration) -> Double {
        _ = pair.network.run(to: .zero + start)
        let before = pair.network[pair.receiver].connection.statistics.bytesReceived
        _ = pair.network.run(to: .zero + end)
        let after = pair.network[pair.receiver].connection.statistics.bytesReceived
        return Double(after - before) / (end - start).inSeconds
    }

    @Test("CUBIC fills 100 Mbit/s at 200 ms with a queue of one bandwidth-delay product")
    func longFatPath() throws {
        var pair = try Pair(
            seed: SimulationSeed(1), lengths: Array(repeating: 262_176, count: 4000), window: 256,
            stages: [
                RateLimit(megabitsPerSecond: 100, queueTime: .milliseconds(200)),
                Delay(.milliseconds(100)),
            ],
            back: [Delay(.milliseconds(100))]
        ) { $0.congestion = .cubic }
        let rate = goodput(&pair, from: .seconds(5), to: .seconds(40))
        #expect(rate >= 0.85 * 12_500_000)
    }

    @Test("Three per cent of reordering does not collapse the window")
    func reordering() throws {
        var pair = try Pair(
            seed: SimulationSeed(2), lengths: Array(repeating: 262_176, count: 2000), window: 128,
            stages: [
                RateLimit(megabitsPerSecond: 100, queueTime: .milliseconds(50)),
                Delay(.milliseconds(20)), Reordering(0.03, holdBack: .milliseconds(4)),
            ],
            back: [Delay(.milliseconds(20))]
        ) { $0.congestion = .cubic }
        let rate = goodput(&pair, from: .seconds(5), to: .seconds(20))
        #expect(rate >= 0.8 * 12_500_000)
    }

    @Test("A fixed rate is kept, whatever is lost")
    func fixedRate() throws {
        var pair = try Pair(
            seed: SimulationSeed(3), lengths: Array(repeating: 262_176, count: 400), window: 64,
            stages: [Delay(.milliseconds(20)), IndependentLoss(0.05)],
            back: [Delay(.milliseconds(20))]
        ) { $0.congestion = .fixedRate(bytesPerSecond: 2_000_000) }
        let rate = goodput(&pair, from: .seconds(2), to: .seconds(12))
        #expect(rate > 1_750_000 && rate < 2_010_000)
    }
}

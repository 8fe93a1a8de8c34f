import Testing

@testable import SealiftTransport

/// Flows that meet in one queue of one bandwidth-delay product.
@Suite("Flows that share a link")
struct CongestionSharingTests {
    @Test(
        "Two to eight flows that begin one after the other each get a third of an equal share",
        arguments: [2, 4, 8], [UInt64(1), 2])
    func equalShares(count: Int, seed: UInt64) {
        let flows = (0..<count).map { index in
            SimulatedFlow(
                .bbr(), roundTrip: 40_000_000, seed: seed * 100 + UInt64(index + 1),
                start: Int64(index) * 300_000_000)
        }
        let link = SimulatedBottleneck(megabits: 100, milliseconds: 40, queue: 1)
        var simulation = CongestionSimulation(link, flows, seed: seed)
        let shares = simulation.shares(from: 20, to: 50)
        #expect(shares.reduce(0, +) >= 0.9)
        for share in shares { #expect(share >= 0.953 / Double(count) / 3) }
    }

    @Test(
        "Beside one CUBIC TCP neither gets less than a quarter in sixty seconds",
        arguments: [20.0, 100, 500])
    func besideCubic(megabits: Double) {
        let shares = beside(.bbr(), megabits: megabits)
        #expect(shares[0] >= 0.25 && shares[1] >= 0.25)
    }

    /// It grows by a few packets a round trip, and would lose them again with each probe that fills the queue.
    @Test(
        "A CUBIC TCP that comes later gets a fifth of the minute",
        arguments: [20.0, 100, 500])
    func lateCubic(megabits: Double) {
        let shares = beside(.bbr(), megabits: megabits, start: 5_000_000_000)
        #expect(shares[0] >= 0.25 && shares[1] >= 0.20)
    }

    @Test(
        "In the background it leaves a CUBIC TCP 85 %", arguments: [20.0, 100])
    func background(megabits: Double) {
        #expect(beside(.background, megabits: megabits)[1] >= 0.85)
    }

    @Test("In the background it gives way to a TCP that comes later, and uses an idle link")
    func backgroundFirst() {
        let link = SimulatedBottleneck(megabits: 100, milliseconds: 50, queue: 1)
        let flows = [
            SimulatedFlow(.background, roundTrip: 50_000_000, seed: 1),
            .tcp(roundTrip: 50_000_000, seed: 2, start: 10_000_000_000),
        ]
        var simulation = CongestionSimulation(link, flows, seed: 1)
        #expect(simulation.shares(from: 4, to: 10)[0] >= 0.75)
        #expect(simulation.shares(from: 25, to: 60)[1] >= 0.85)
    }

    private func beside(
        _ algorithm: CongestionAlgorithm, megabits: Double, start: Int64 = 0
    ) -> [Double] {
        let link = SimulatedBottleneck(megabits: megabits, milliseconds: 50, queue: 1)
        let flows = [
            SimulatedFlow(algorithm, roundTrip: 50_000_000, seed: 1),
            .tcp(roundTrip: 50_000_000, seed: 2, start: start),
        ]
        var simulation = CongestionSimulation(link, flows, seed: 1)
        return simulation.shares(from: 0, to: 60)
    }
}

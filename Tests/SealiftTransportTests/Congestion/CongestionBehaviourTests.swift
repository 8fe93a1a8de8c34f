import Testing

@testable import SealiftTransport

/// How the default controller behaves on the paths that others fell on. 100 Mbit/s and 40 ms unless
/// said otherwise; shares as in ``CongestionRowTests``.
@Suite("The default controller on difficult paths")
struct CongestionBehaviourTests {
    private static let roundTrip: Int64 = 40_000_000

    private func link(queue: Double = 1) -> SimulatedBottleneck {
        SimulatedBottleneck(megabits: 100, milliseconds: 40, queue: queue)
    }

    private func share(
        _ link: SimulatedBottleneck, from start: Double = 3, to end: Double = 13,
        supply: SimulatedFlow.Supply = .endless, algorithm: CongestionAlgorithm = .bbr(),
        steps: [(at: Double, megabits: Double)] = [], maximumRate: Double? = nil
    ) -> Double {
        let flow = SimulatedFlow(
            algorithm, roundTrip: Self.roundTrip, seed: 1, supply: supply, maximumRate: maximumRate)
        var simulation = CongestionSimulation(link, [flow], seed: 1)
        simulation.rateSteps = steps
        return simulation.shares(from: start, to: end)[0]
    }

    @Test(
        "Microseconds of round trip do not hold it at a few segments (picoquic#2118)",
        arguments: [1000.0, 8000], [Int64(10_000), 50_000, 200_000])
    func microseconds(megabits: Double, roundTrip: Int64) {
        let link = SimulatedBottleneck(megabits: megabits, .queue(bytes: 500_000))
        let flow = SimulatedFlow(.bbr(), roundTrip: roundTrip, seed: 1)
        var simulation = CongestionSimulation(link, [flow], seed: 1)
        #expect(simulation.shares(from: 0.05, to: 0.35)[0] >= 0.9)
    }

    @Test("A datagram larger than the bandwidth-delay product is no obstacle")
    func largeDatagrams() {
        let link = SimulatedBottleneck(megabits: 8000, .queue(bytes: 1_000_000))
        let flow = SimulatedFlow(.bbr(), roundTrip: 20_000, seed: 1, datagramSize: 65_507)
        var simulation = CongestionSimulation(link, [flow], seed: 1)
        #expect(simulation.shares(from: 0.05, to: 0.55)[0] >= 0.9)
    }

    @Test(
        "Random loss costs little up to the tolerance, and does not end the flow above it",
        arguments: [(0.001, 0.92), (0.01, 0.9), (0.02, 0.55), (0.03, 0.4), (0.05, 0.08)])
    func randomLoss(loss: Double, least: Double) {
        var link = link()
        link.loss = .random(loss)
        #expect(share(link) >= least)
    }

    @Test(
        "The loss-tolerant mode keeps its rate at 3 to 5 %, and goes on at 10 %",
        arguments: [(0.03, 0.82), (0.05, 0.75), (0.1, 0.1)])
    func tolerantLoss(loss: Double, least: Double) {
        var link = link()
        link.loss = .random(loss)
        #expect(share(link, algorithm: .lossTolerant) >= least)
    }

    @Test("Losses in bursts are borne too", arguments: [(0.01, 0.6), (0.03, 0.25), (0.1, 0.01)])
    func burstLoss(loss: Double, least: Double) {
        var link = link()
        link.loss = .bursts(loss, length: 8)
        #expect(share(link, to: 23) >= least)
    }

    @Test("At 10 % of loss it still moves, and more than CUBIC")
    func heavyLoss() {
        var link = link()
        link.loss = .random(0.1)
        let own = share(link)
        #expect(own > share(link, algorithm: .cubic) && own >= 0.005)
    }

    @Test("A policer that drops and never queues is followed", arguments: [(0.1, 0.5), (1, 0.8)])
    func policer(bucket: Double, least: Double) {
        let bytes = 100.0 * 125 * 40 * bucket
        #expect(share(SimulatedBottleneck(megabits: 100, .policer(bucket: bytes))) >= least)
    }

    @Test("Shallow and bloated queues are used", arguments: [(0.1, 0.7), (0.2, 0.8), (8, 0.92)])
    func queues(products: Double, least: Double) {
        #expect(share(link(queue: products)) >= least)
    }

    @Test("A bloated queue is not filled: the round trip stays below three times its least")
    func bufferbloat() {
        let flow = SimulatedFlow(.bbr(), roundTrip: Self.roundTrip, seed: 1)
        var simulation = CongestionSimulation(link(queue: 8), [flow], seed: 1)
        var longest: Int64 = 0
        for step in 1...40 {
            simulation.run(to: 3 + Double(step) * 0.25)
            longest = max(longest, simulation.flows[0].path.rtt.latest)
        }
        #expect(longest < 3 * Self.roundTrip)
    }

    @Test(
        "Reordering is not taken for loss for long",
        arguments: [0.01, 0.1], [Int64(4_000_000), 20_000_000])
    func reordering(share heldBack: Double, by time: Int64) {
        var link = link()
        link.reordering = (heldBack, time)
        #expect(share(link) >= 0.9)
    }

    @Test("A link that gets five times slower is followed within seconds")
    func stepDown() {
        #expect(share(link(), from: 8, to: 18, steps: [(5, 20)]) >= 0.88)
    }

    @Test("A link that gets ten times faster is filled within seconds")
    func stepUp() {
        let link = SimulatedBottleneck(megabits: 20, milliseconds: 40, queue: 1)
        #expect(share(link, from: 10, to: 20, steps: [(5, 200)]) >= 0.7)
    }

    @Test("An application that makes half the rate gets all of it, and no queue grows")
    func applicationLimited() {
        #expect(share(link(), supply: .rate(6_250_000)) >= 0.48)
        #expect(share(link(), supply: .rate(6_250_000)) <= 0.5)
    }

    @Test("After five idle seconds the rate is back at once")
    func restartFromIdle() {
        let second: Int64 = 1_000_000_000
        let supply = SimulatedFlow.Supply.spells([0..<(3 * second), (8 * second)..<(60 * second)])
        #expect(share(link(), from: 8.08, to: 9.08, supply: supply) >= 0.85)
    }

    @Test(
        "A cap holds for every controller",
        arguments: [CongestionAlgorithm.bbr(), .lossTolerant, .cubic, .background])
    func cap(algorithm: CongestionAlgorithm) {
        let capped = share(link(), algorithm: algorithm, maximumRate: 5_000_000)
        #expect(capped <= 0.401)
        #expect(capped >= (algorithm == .background ? 0.3 : 0.38))
    }

    @Test("The same seed gives the same run, another one another")
    func deterministic() {
        func run(_ seed: UInt64) -> Int {
            var simulation = CongestionSimulation.one(
                .bbr(), megabits: 50, milliseconds: 20, loss: .random(0.01), seed: seed)
            simulation.run(to: 8)
            return simulation.flows[0].delivered
        }
        #expect(run(1) == run(1))
        #expect(run(1) != run(2))
    }
}

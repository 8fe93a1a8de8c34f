import SealiftBase

/// Flows that share one bottleneck, on virtual time: a minute at 500 Mbit/s takes seconds.
struct CongestionSimulation {
    var link: SimulatedBottleneck
    var flows: [SimulatedFlow]
    /// Changes of the link's rate: seconds and megabits per second, in order.
    var rateSteps: [(at: Double, megabits: Double)] = []
    private var generator: SeededGenerator
    /// When each flow acts next.
    private var due: [Int64]
    private(set) var now: Int64 = 0

    init(_ link: SimulatedBottleneck, _ flows: [SimulatedFlow], seed: UInt64) {
        self.link = link
        self.flows = flows
        generator = SeededGenerator(seed: seed)
        due = flows.map { _ in 0 }
    }

    /// Runs up to `seconds` from the start.
    ///
    /// A flow acts only at times of its own: were it asked at everyone's, the first in the list would
    /// get every place that falls free in a full queue.
    mutating func run(to seconds: Double, until condition: (Self) -> Bool = { _ in false }) {
        let end = Int64(seconds * 1e9)
        while now < end, !condition(self) {
            while let step = rateSteps.first, Int64(step.at * 1e9) <= now {
                link.rate = step.megabits * 125_000
                rateSteps.removeFirst()
            }
            var next = end
            for index in flows.indices {
                if due[index] <= now {
                    flows[index].step(now: now, through: &link, generator: &generator)
                    due[index] = flows[index].nextTime(after: now)
                }
                next = min(next, due[index])
            }
            now = max(next, now + 1)
        }
    }

    /// What each flow delivered between two times, as a share of what the link carries in IP bytes.
    mutating func shares(from start: Double, to end: Double) -> [Double] {
        run(to: start)
        let before = flows.map(\.delivered)
        run(to: end)
        let capacity = link.rate * (end - start)
        return zip(flows, before).map { Double($0.delivered - $1) / capacity }
    }
}

import SealiftBase
import SealiftTestSupport
import Testing

/// Sends numbered datagrams on a timer and remembers what arrived.
private struct Beacon: SimulatedEndpoint {
    var destination: SimulatedAddress?
    var interval: Duration = .milliseconds(1)
    var left = 0
    var nextTimeout: Instant?
    var received: [(instant: Instant, datagram: SimulatedDatagram)] = []
    private var sent: UInt32 = 0
    private var outgoing: [SimulatedDatagram] = []

    init() {}

    init(sending count: Int, to destination: SimulatedAddress, from start: Instant) {
        left = count
        self.destination = destination
        nextTimeout = start
    }

    mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {
        received.append((now, datagram))
    }

    mutating func handleTimeout(now: Instant) {
        guard left > 0, let destination else {
            nextTimeout = nil
            return
        }
        var writer = ByteWriter()
        writer.write(sent)
        writer.writeZeros(96)
        outgoing.append(SimulatedDatagram(bytes: writer.bytes, to: destination))
        sent += 1
        left -= 1
        nextTimeout = left > 0 ? now + interval : nil
    }

    mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] {
        defer { outgoing.removeAll() }
        return outgoing
    }

    var receivedNumbers: [Int] {
        received.map { Int($0.datagram.bytes[2]) << 8 | Int($0.datagram.bytes[3]) }
    }
}

/// An endpoint with a bug: its timer never moves on.
private struct Broken: SimulatedEndpoint {
    var nextTimeout: Instant? = .zero
    mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {}
    mutating func handleTimeout(now: Instant) {}
    mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] { [] }
}

@Suite("Simulated network")
struct SimulatedNetworkTests {
    private let one = SimulatedAddress(host: 1)
    private let two = SimulatedAddress(host: 2)

    /// A sender of `count` numbered datagrams, a millisecond apart, and a receiver.
    private func pair(
        seed: SimulationSeed = SimulationSeed(1), count: Int, by stages: [any LinkStage]
    ) -> (
        network: SimulatedNetwork<Beacon>, sender: SimulatedNetwork<Beacon>.NodeIndex,
        receiver: SimulatedNetwork<Beacon>.NodeIndex
    ) {
        var network = SimulatedNetwork<Beacon>(seed: seed)
        let sender = network.addNode(
            Beacon(sending: count, to: two, from: network.now), at: one)
        let receiver = network.addNode(Beacon(), at: two)
        network.join(sender, receiver, by: stages)
        return (network, sender, receiver)
    }

    private let badLink: [any LinkStage] = [
        Delay(.milliseconds(20), jitter: .milliseconds(3), order: .free), IndependentLoss(0.1),
        BurstLoss(loss: 0.05, averageBurst: 4), Reordering(0.1, holdBack: .milliseconds(10)),
        Duplication(0.1), Corruption(0.05), RateLimit(megabitsPerSecond: 1, queueTime: .seconds(1)),
    ]

    @Test("delivers at the exact instant, with the sender's address")
    func delivery() {
        var (network, sender, receiver) = pair(count: 3, by: [Delay(.milliseconds(20))])
        let start = network.now
        #expect(network.run(for: .seconds(10)) == .idle)
        #expect(network[receiver].receivedNumbers == [0, 1, 2])
        #expect(
            network[receiver].received.map(\.instant)
                == [20, 21, 22].map { start + .milliseconds($0) })
        #expect(network[receiver].received.allSatisfy { $0.datagram.from == one })
        #expect(network[sender].received.isEmpty)
    }

    @Test("runs the same way from the same seed", arguments: SimulationSeed.series(20))
    func deterministic(seed: SimulationSeed) {
        func run(_ seed: SimulationSeed) -> SimulationTrace {
            var network = pair(seed: seed, count: 500, by: badLink).network
            #expect(network.run(for: .seconds(60)) == .idle)
            return network.trace
        }
        let trace = run(seed)
        let again = run(seed)
        #expect(trace.fingerprint == again.fingerprint)
        #expect(trace.events == again.events)
        #expect(trace.fingerprint != run(SimulationSeed(seed.value &+ 1)).fingerprint)
    }

    @Test("loses no datagram that no stage dropped", arguments: SimulationSeed.series(20))
    func conservation(seed: SimulationSeed) {
        var network = SimulatedNetwork<Beacon>(
            seed: seed, trace: SimulationTrace(capacity: 100_000))
        let sender = network.addNode(
            Beacon(sending: 1_000, to: two, from: network.now), at: one)
        let receiver = network.addNode(Beacon(), at: two)
        network.join(sender, receiver, by: badLink.filter { !($0 is Duplication) })
        #expect(network.run(for: .seconds(60)) == .idle)
        let dropped = network.trace.events.count {
            if case .dropped = $0.kind { true } else { false }
        }
        #expect(dropped > 0)
        #expect(network[receiver].received.count + dropped == 1_000)
    }

    @Test("stops when the condition holds, and goes on from there")
    func condition() {
        var (network, _, receiver) = pair(count: 10, by: [Delay(.milliseconds(5))])
        #expect(network.run(for: .seconds(1)) { $0[receiver].received.count == 4 } == .conditionMet)
        #expect(network[receiver].received.count == 4)
        #expect(network.run(for: .seconds(1)) == .idle)
        #expect(network[receiver].received.count == 10)
    }

    @Test("stops at its deadline, exactly there")
    func deadline() {
        var network = pair(count: 10, by: [Delay(.milliseconds(5))]).network
        let start = network.now
        #expect(network.run(for: .microseconds(6_500)) == .outOfTime)
        #expect(network.now == start + .microseconds(6_500))
    }

    @Test("finds a node whose timer never moves on")
    func stuck() {
        var network = SimulatedNetwork<Broken>(seed: SimulationSeed(1))
        let node = network.addNode(Broken(), at: one)
        #expect(network.run(for: .seconds(1)) == .stuck(node))
    }

    @Test("a change of address loses what is on the way and is seen by the other end")
    func addressChange() {
        var (network, sender, receiver) = pair(count: 10, by: [Delay(.milliseconds(20))])
        let start = network.now
        let moved = SimulatedAddress(host: 7, port: 9)
        network.schedule(at: start + .microseconds(4_500)) {
            $0.changeAddress(of: sender, to: moved)
        }
        network.schedule(at: start + .microseconds(25_500)) {
            $0.changeAddress(of: receiver, to: SimulatedAddress(host: 8))
        }
        #expect(network.run(for: .seconds(1)) == .idle)
        #expect(network.address(of: sender) == moved)
        let sources = network[receiver].received.map(\.datagram.from)
        #expect(sources == [one, one, one, one, one, moved])
        #expect(network.trace.events.count { $0.kind == .unroutable } == 4)
    }

    @Test("a scripted change of link takes effect at its instant")
    func linkChange() {
        var (network, sender, receiver) = pair(count: 10, by: [])
        network.schedule(at: network.now + .microseconds(3_500)) {
            $0.setLink(from: sender, to: receiver, [IndependentLoss(1)])
        }
        #expect(network.run(for: .seconds(1)) == .idle)
        #expect(network[receiver].receivedNumbers == [0, 1, 2, 3])
    }

    @Test("lets a stranger's datagram arrive, and shows an eavesdropper the rest")
    func attackers() {
        var (network, _, receiver) = pair(count: 2, by: [IndependentLoss(1)])
        var seen: [SimulatedDatagram] = []
        network.tap = { datagram, _ in seen.append(datagram) }
        let stranger = SimulatedDatagram(
            bytes: [0xFF], from: SimulatedAddress(host: 66), to: two)
        network.inject(stranger, after: .milliseconds(3))
        #expect(network.run(for: .seconds(1)) == .idle)
        #expect(network[receiver].received.map(\.datagram) == [stranger])
        #expect(seen.count == 2 && seen.allSatisfy { $0.from == one })
    }

    @Test("reports the seed in the form that replays, and the last events")
    func report() {
        var network = SimulatedNetwork<Beacon>(
            seed: SimulationSeed(123), trace: SimulationTrace(capacity: 4))
        let sender = network.addNode(Beacon(sending: 9, to: two, from: network.now), at: one)
        let receiver = network.addNode(Beacon(), at: two)
        network.join(sender, receiver, by: [])
        _ = network.run(for: .seconds(1))
        #expect(network.trace.eventCount == 18 && network.trace.events.count == 4)
        #expect(network.trace.events.map(\.kind) == [.sent, .delivered, .sent, .delivered])
        #expect(
            network.trace.events.map(\.instant) == network.trace.events.map(\.instant).sorted())
        #expect(network.report.hasPrefix("SEALIFT_SEED=123 replays this; 18 events"))
    }
}

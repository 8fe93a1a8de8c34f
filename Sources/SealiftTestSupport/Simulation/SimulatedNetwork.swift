public import SealiftBase

/// Endpoints joined by imperfect links, on virtual time: a discrete-event simulation that runs hours
/// of network time in milliseconds and, from one seed, always the same way.
///
/// ```swift
/// var network = SimulatedNetwork<MyEndpoint>(seed: seed)
/// let sender = network.addNode(senderMachine, at: SimulatedAddress(host: 1))
/// let receiver = network.addNode(receiverMachine, at: SimulatedAddress(host: 2))
/// network.join(sender, receiver, by: [Delay(.milliseconds(20)), IndependentLoss(0.02)])
/// let outcome = network.run(for: .seconds(60)) { $0[receiver].isComplete }
/// #expect(outcome == .conditionMet, "\(network.report)")
/// ```
///
/// A test that needs two kinds of endpoint makes `Endpoint` an enum of both. A test that plays an
/// attacker calls ``inject(_:after:)`` and looks at what passes through ``tap``.
public struct SimulatedNetwork<Endpoint: SimulatedEndpoint> {
    /// Names a node; given by ``addNode(_:at:)``.
    public struct NodeIndex: Hashable, Sendable {
        let value: Int
    }

    /// How a run ended.
    public enum Outcome: Equatable, Sendable {
        /// The condition became true.
        case conditionMet
        /// Nothing is on its way and no timer is set: nothing will ever happen again.
        case idle
        /// The time given ran out.
        case outOfTime
        /// The node asks for attention again and again without time passing: its timer does not
        /// move on, or it never stops sending.
        case stuck(NodeIndex)
    }

    private struct Node {
        var endpoint: Endpoint
        var address: SimulatedAddress
    }

    private enum Scheduled {
        case stage(SimulatedDatagram, LinkKey, index: Int)
        case arrival(SimulatedDatagram)
        case script((inout SimulatedNetwork) -> Void)
    }

    private struct LinkKey: Hashable {
        var from: Int
        var to: Int
    }

    private struct Link {
        var stages: [any LinkStage]
        var generator: SeededGenerator

        /// Passes a datagram through one stage.
        mutating func process(
            _ datagram: SimulatedDatagram, stage: Int, now: Instant,
            into outputs: inout [LinkOutput]
        ) {
            stages[stage].process(datagram, now: now, generator: &generator, into: &outputs)
        }
    }

    /// Where everything random here comes from.
    public let seed: SimulationSeed
    /// What happened so far.
    public private(set) var trace: SimulationTrace
    /// Sees every datagram as it leaves a node, before any link touches it: the wire of an
    /// eavesdropper. Not called for injected datagrams.
    public var tap: ((SimulatedDatagram, Instant) -> Void)?

    private var clock: VirtualClock
    private var nodes: [Node] = []
    private var nodeOfAddress: [SimulatedAddress: Int] = [:]
    private var links: [LinkKey: Link] = [:]
    private var queue = EventQueue<Scheduled>()
    private var scratch: [LinkOutput] = []

    /// Calls to one node within one instant before it counts as stuck.
    private static var callsPerInstant: Int { 100_000 }

    /// Makes a network with no nodes.
    public init(
        seed: SimulationSeed, clock: VirtualClock = VirtualClock(),
        trace: SimulationTrace = SimulationTrace()
    ) {
        self.seed = seed
        self.clock = clock
        self.trace = trace
    }

    /// The present instant.
    public var now: Instant { clock.now }

    /// The endpoint of `node`, to ask it something or to give it a command between runs.
    public subscript(node: NodeIndex) -> Endpoint {
        get { nodes[node.value].endpoint }
        _modify { yield &nodes[node.value].endpoint }
    }

    /// The address `node` has now.
    public func address(of node: NodeIndex) -> SimulatedAddress { nodes[node.value].address }

    /// The seed in the form that replays, and the last events: what a failing test prints.
    public var report: String {
        let head =
            "\(seed) replays this; \(trace.eventCount) events, the last \(trace.events.count):"
        return ([head] + trace.events.map { "  " + $0.description }).joined(separator: "\n")
    }

    // MARK: Building

    /// Adds a node that has `address`; one with port 0 has every port of its host that no other node has,
    /// and says itself from which it sends.
    /// - Precondition: no other node has it.
    public mutating func addNode(_ endpoint: Endpoint, at address: SimulatedAddress) -> NodeIndex {
        precondition(nodeOfAddress[address] == nil, "two nodes with one address")
        nodeOfAddress[address] = nodes.count
        nodes.append(Node(endpoint: endpoint, address: address))
        return NodeIndex(value: nodes.count - 1)
    }

    /// Joins two nodes by links of the same kind in both directions, in place of those before.
    public mutating func join(_ one: NodeIndex, _ other: NodeIndex, by stages: [any LinkStage]) {
        setLink(from: one, to: other, stages)
        setLink(from: other, to: one, stages)
    }

    /// Makes the link from one node to another, in place of the one before; what is inside the old
    /// one still goes through the rest of the new. No stages: datagrams arrive at once, unharmed.
    public mutating func setLink(
        from: NodeIndex, to: NodeIndex, _ stages: [any LinkStage]
    ) {
        let key = LinkKey(from: from.value, to: to.value)
        let generator =
            links[key]?.generator ?? seed.generator(for: "link \(key.from) to \(key.to)")
        links[key] = Link(stages: stages, generator: generator)
    }

    // MARK: Scripting

    /// Runs `action` at `instant`: an address that changes, a link that becomes another, a command
    /// to an endpoint.
    public mutating func schedule(
        at instant: Instant, _ action: @escaping (inout SimulatedNetwork) -> Void
    ) {
        queue.add(.script(action), at: max(instant, now))
    }

    /// Gives `node` another address, as a NAT that rebinds or a laptop that changes network: from
    /// now on it sends from there, and what is on the way to the old address is lost.
    /// - Precondition: no other node has the new address.
    public mutating func changeAddress(of node: NodeIndex, to address: SimulatedAddress) {
        precondition(nodeOfAddress[address] == nil, "two nodes with one address")
        let old = nodes[node.value].address
        nodeOfAddress[old] = nil
        nodeOfAddress[address] = node.value
        nodes[node.value].address = address
        trace.record(.readdressed, SimulatedDatagram(bytes: [], from: old, to: address), at: now)
    }

    /// Lets a datagram arrive that no node sent: a stranger's, a replayed or an altered one. It
    /// passes no link, and its source is what it says.
    public mutating func inject(_ datagram: SimulatedDatagram, after delay: Duration = .zero) {
        queue.add(.arrival(datagram), at: now + delay)
    }

    // MARK: Running

    /// Runs until `condition` holds, nothing is left to happen, or `duration` of virtual time went by.
    public mutating func run(
        for duration: Duration, until condition: (SimulatedNetwork) -> Bool = { _ in false }
    ) -> Outcome {
        run(to: now + duration, until: condition)
    }

    /// Runs until `condition` holds, nothing is left to happen, or the time is `deadline`.
    public mutating func run(
        to deadline: Instant, until condition: (SimulatedNetwork) -> Bool = { _ in false }
    ) -> Outcome {
        var callsThisInstant = 0
        while true {
            if let stuck = transmitAll() { return .stuck(stuck) }
            if condition(self) { return .conditionMet }
            guard let next = nextInstant else { return .idle }
            guard next <= deadline else {
                clock.advance(to: deadline)
                return .outOfTime
            }
            if next > now {
                callsThisInstant = 0
                clock.advance(to: next)
            }
            while let event = queue.pop(notAfter: now) { perform(event) }
            for index in nodes.indices {
                guard let due = nodes[index].endpoint.nextTimeout, due <= now else { continue }
                nodes[index].endpoint.handleTimeout(now: now)
                callsThisInstant += 1
                if callsThisInstant > Self.callsPerInstant {
                    return .stuck(NodeIndex(value: index))
                }
            }
        }
    }

    private var nextInstant: Instant? {
        var next = queue.nextInstant
        for node in nodes {
            guard let timeout = node.endpoint.nextTimeout, timeout != .distantFuture else {
                continue
            }
            next = min(next ?? timeout, timeout)
        }
        return next
    }

    /// Takes what every node wants to send now. Gives a node that never stops.
    private mutating func transmitAll() -> NodeIndex? {
        for index in nodes.indices {
            var calls = 0
            while true {
                let datagrams = nodes[index].endpoint.pollTransmit(now: now)
                if datagrams.isEmpty { break }
                for datagram in datagrams { send(datagram, from: index) }
                calls += 1
                if calls > Self.callsPerInstant { return NodeIndex(value: index) }
            }
        }
        return nil
    }

    private mutating func send(_ datagram: SimulatedDatagram, from index: Int) {
        var datagram = datagram
        let own = nodes[index].address
        datagram.from = SimulatedAddress(
            host: own.host, port: own.port == 0 ? datagram.from.port : own.port)
        tap?(datagram, now)
        trace.record(.sent, datagram, at: now)
        guard let destination = node(at: datagram.to) else {
            trace.record(.unroutable, datagram, at: now)
            return
        }
        queue.add(.stage(datagram, LinkKey(from: index, to: destination), index: 0), at: now)
    }

    private func node(at address: SimulatedAddress) -> Int? {
        nodeOfAddress[address] ?? nodeOfAddress[SimulatedAddress(host: address.host, port: 0)]
    }

    private mutating func perform(_ event: Scheduled) {
        switch event {
        case .script(let action):
            action(&self)
        case .arrival(let datagram):
            guard let index = node(at: datagram.to) else {
                trace.record(.unroutable, datagram, at: now)
                return
            }
            trace.record(.delivered, datagram, at: now)
            nodes[index].endpoint.receive(datagram, now: now)
        case .stage(let datagram, let key, let index):
            pass(datagram, through: key, stage: index)
        }
    }

    /// Passes a datagram through one stage of its link. Each stage sees its datagrams in the order of
    /// their own time, because one that is held back waits in the event queue before the next stage.
    private mutating func pass(_ datagram: SimulatedDatagram, through key: LinkKey, stage: Int) {
        guard let index = links.index(forKey: key), stage < links.values[index].stages.count else {
            queue.add(.arrival(datagram), at: now)
            return
        }
        scratch.removeAll(keepingCapacity: true)
        links.values[index].process(datagram, stage: stage, now: now, into: &scratch)
        if scratch.isEmpty {
            let name = links.values[index].stages[stage].name
            trace.record(.dropped(by: name), datagram, at: now)
        }
        for output in scratch {
            queue.add(.stage(output.datagram, key, index: stage + 1), at: now + output.delay)
        }
    }
}

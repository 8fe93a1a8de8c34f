import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

/// A sender and a receiver that several routes join, one for each port; the session begins on the
/// first.
struct TwoRoutes {
    struct Route {
        var delay = Duration.milliseconds(20)
        var jitter = Duration.zero
        var megabitsPerSecond = 2.0
        var loss = 0.0
        /// Larger datagrams do not pass.
        var largestPayload = 1472
        var rank = PathRank.direct
        /// When it begins to carry anything, and the receiver learns of it.
        var appearsAfter = Duration.zero
        /// Whatever an attacker on it does.
        var attack: [any LinkStage] = []

        func stages(_ port: UInt16) -> [any LinkStage] {
            var stages: [any LinkStage] = [
                SizeLimit(largestPayload),
                RateLimit(megabitsPerSecond: megabitsPerSecond, queueTime: .milliseconds(60)),
                Delay(delay, jitter: jitter),
            ]
            if loss > 0 { stages.append(IndependentLoss(loss)) }
            return (stages + attack).map { OnRoute(port, $0) }
        }
    }

    struct Outcome {
        let source: MemorySource
        let store: MemoryStore
        let ending: SessionEnding?
        let tally: ReceiverSession.Tally?
        /// The routes that the ends moved to, in order.
        let receiverMoves: [UInt16]
        let senderMoves: [UInt16]
        let took: Duration
        /// Datagrams of the receiver to each port of the sender.
        let sent: [UInt16: Int]
        let report: String

        func expectWhole() {
            #expect(ending == .closedByPeer(.done, reason: "") || tally != nil, "\(report)")
            for item in source.items {
                if case .file = item.entry.kind {
                    let isSame = store.placed[item.entry.path] == item.content
                    #expect(isSame, "\(report)")
                }
            }
            #expect(tally?.receivedBytes == source.totals.dataBytes)
            #expect(tally?.resentProvenBytes == 0)
        }
    }

    let seed: SimulationSeed
    var routes: [Route]
    var bytes = 4_000_000
    /// Further ports that the receiver is told of, where nobody is.
    var deadPorts: [UInt16] = []

    /// Either end; what it sends to a port leaves from its own port of that number.
    fileprivate enum Node: SimulatedEndpoint {
        case sender(SimulatedSender)
        case receiver(SimulatedReceiver)

        mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {
            switch self {
            case .sender(var sender):
                sender.receive(datagram, now: now)
                self = .sender(sender)
            case .receiver(var receiver):
                receiver.receive(datagram, now: now)
                self = .receiver(receiver)
            }
        }

        mutating func handleTimeout(now: Instant) {
            switch self {
            case .sender(var sender):
                sender.handleTimeout(now: now)
                self = .sender(sender)
            case .receiver(var receiver):
                receiver.handleTimeout(now: now)
                self = .receiver(receiver)
            }
        }

        var nextTimeout: Instant? {
            switch self {
            case .sender(let sender): sender.nextTimeout
            case .receiver(let receiver): receiver.nextTimeout
            }
        }

        mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] {
            var datagrams: [SimulatedDatagram]
            switch self {
            case .sender(var sender):
                datagrams = sender.pollTransmit(now: now)
                self = .sender(sender)
            case .receiver(var receiver):
                datagrams = receiver.pollTransmit(now: now)
                self = .receiver(receiver)
            }
            for index in datagrams.indices {
                datagrams[index].from = SimulatedAddress(host: 0, port: datagrams[index].to.port)
            }
            return datagrams
        }

        var asReceiver: SimulatedReceiver? {
            if case .receiver(let receiver) = self { receiver } else { nil }
        }

        var asSender: SimulatedSender? {
            if case .sender(let sender) = self { sender } else { nil }
        }
    }

    private static let senderHost: UInt32 = 1
    private static let receiverHost: UInt32 = 2

    func run(for limit: Duration = .seconds(600)) throws -> Outcome {
        var entropy = SeededEntropy(seed: seed.value)
        let sendingDevice = DeviceKeyPair.generate(entropy: &entropy)
        let receivingDevice = DeviceKeyPair.generate(entropy: &entropy)
        let secret = PreSharedKey.generate(entropy: &entropy)
        var content = seed.generator(for: "content")
        let source = try MemorySource([
            try SampleTrees.file("large", content.bytes(bytes))
        ])
        let store = MemoryStore()
        let sender = SimulatedSender(
            source: source, device: sendingDevice, psk: secret,
            configuration: ConnectionConfiguration(packetNumberSkipSeed: seed.value),
            seed: seed.value &+ 1)
        let receiver = try SimulatedReceiver(
            store: store, device: receivingDevice, psk: secret,
            sender: SimulatedAddress(host: Self.senderHost, port: 1),
            expecting: sendingDevice.publicKeys.id.fingerprint,
            configuration: ConnectionConfiguration(packetNumberSkipSeed: seed.value &+ 3),
            seed: seed.value &+ 2, now: .zero)

        var network = SimulatedNetwork<Node>(seed: seed)
        let senderNode = network.addNode(
            .sender(sender), at: SimulatedAddress(host: Self.senderHost, port: 0))
        let receiverNode = network.addNode(
            .receiver(receiver), at: SimulatedAddress(host: Self.receiverHost, port: 0))
        let ports = routes.indices.map { UInt16($0 + 1) }
        var all: [any LinkStage] = deadPorts.map { OnRoute($0, IndependentLoss(1)) }
        for (port, route) in zip(ports, routes) {
            if route.appearsAfter > .zero {
                all.append(OnRoute(port, Outage(until: route.appearsAfter)))
            }
            all += route.stages(port)
        }
        network.join(senderNode, receiverNode, by: all)
        for (port, route) in zip(ports, routes) {
            network.schedule(at: network.now + route.appearsAfter) { network in
                network[receiverNode].learn(of: port, route.rank, now: network.now)
            }
        }
        for port in deadPorts { network[receiverNode].learn(of: port, .direct, now: network.now) }
        let counter = Counter()
        network.tap = { datagram, _ in
            if datagram.from.host == Self.receiverHost {
                counter.sent[datagram.to.port, default: 0] += 1
            }
        }
        let result = network.run(for: limit) { $0[receiverNode].asReceiver?.ending != nil }
        #expect(result == .conditionMet, "\(result): \(network.report)")
        let moves = (
            network[receiverNode].asReceiver?.moves ?? [], network[senderNode].asSender?.moves ?? []
        )
        return Outcome(
            source: source, store: store, ending: network[receiverNode].asReceiver?.ending,
            tally: network[receiverNode].asReceiver?.finalTally,
            receiverMoves: moves.0.map(\.port), senderMoves: moves.1.map(\.port),
            took: network.now - .zero, sent: counter.sent, report: network.report)
    }

    private final class Counter {
        var sent: [UInt16: Int] = [:]
    }

    /// Carries nothing until a moment.
    private struct Outage: LinkStage {
        let end: Instant

        init(until duration: Duration) {
            end = .zero + duration
        }

        var name: String { "not there yet" }

        mutating func process(
            _ datagram: SimulatedDatagram, now: Instant, generator: inout SeededGenerator,
            into outputs: inout [LinkOutput]
        ) {
            if now >= end { outputs.append(LinkOutput(datagram)) }
        }
    }
}

extension TwoRoutes.Node {
    fileprivate mutating func learn(of port: UInt16, _ rank: PathRank, now: Instant) {
        guard case .receiver(var receiver) = self else { return }
        receiver.addPath(to: SimulatedAddress(host: 1, port: port), rank, now: now)
        self = .receiver(receiver)
    }
}

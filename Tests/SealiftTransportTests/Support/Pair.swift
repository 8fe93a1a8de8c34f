import SealiftBase
import SealiftTestSupport

@testable import SealiftTransport

/// Two connections on a simulated network: the responder sends objects to the initiator.
struct Pair {
    var network: SimulatedNetwork<TransportNode>
    let receiver: SimulatedNetwork<TransportNode>.NodeIndex
    let sender: SimulatedNetwork<TransportNode>.NodeIndex

    init(
        seed: SimulationSeed, lengths: [Int], window: Int = 64, stages: [any LinkStage],
        back: [any LinkStage]? = nil, configure: (inout ConnectionConfiguration) -> Void = { _ in }
    ) throws {
        let sessions = try SessionPair(seed: 7)
        var configuration = ConnectionConfiguration(packetNumberSkipSeed: seed.value)
        // Links here have no largest datagram unless a test gives them one: it lets the search begin.
        configuration.datagramSizeCeiling = configuration.maximumDatagramSize
        configure(&configuration)
        let (near, far) = (SimulatedAddress(host: 1, port: 1), SimulatedAddress(host: 2, port: 1))
        network = SimulatedNetwork(seed: seed)
        let node = TransportNode(
            sessions.initiator, peer: far, lengths: lengths, configuration: configuration,
            window: window)
        receiver = network.addNode(node, at: near)
        configuration.packetNumberSkipSeed &+= 1
        sender = network.addNode(
            TransportNode(
                sessions.responder, peer: near, lengths: lengths, configuration: configuration,
                window: window),
            at: far)
        network.setLink(from: sender, to: receiver, stages)
        network.setLink(from: receiver, to: sender, back ?? stages)
    }

    /// Runs until every object is at the receiver and the sender knows.
    mutating func runToCompletion(within limit: Duration) -> Bool {
        let (receiver, sender) = (receiver, sender)
        let outcome = network.run(for: limit) {
            $0[receiver].completed == $0[receiver].lengths.count
                && $0[sender].delivered == $0[sender].lengths.count
        }
        return outcome == .conditionMet && !network[receiver].sawWrongBytes
    }
}

import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftTestSupport
import SealiftTransport
import Synchronization
import Testing

@testable import SealiftTransfer

/// Two ends that become contacts over a link, on virtual time; both users say yes at once.
struct PairingScenario {
    struct Outcome {
        /// Of the end that waits, then of the end that dials.
        var waiting: End
        var dialing: End
        var report: String
    }

    /// What came of one end.
    struct End {
        var introduction: PairingSession.Introduction?
        var hasStored = false
        var isFinished = false
        var sessions = 0
        var failure: PairingFailure?
        var ending: SessionEnding?
    }

    let seed: UInt64
    var loss = 0.0
    var dialingRole = SessionRole.introduction
    /// When the link is cut for good.
    var cut: Duration?
    /// How many devices the waiting end's chain has.
    var devices = 1

    init(seed: UInt64) {
        self.seed = seed
    }

    private static let time = WallTime(secondsSince1970: 1_795_000_000)

    private static func chain(
        _ byte: UInt8, _ device: DeviceKeyPair, devices: Int = 1
    ) throws -> DeviceChain {
        let seed = SecretBytes(copying: [UInt8](repeating: byte, count: 32))
        let root = try #require(HybridSigningKey(seed: seed))
        var author = try ChainAuthor(beginning: root, with: device, time: time)
        for number in 1..<max(2, devices) where number < devices {
            var entropy = SeededEntropy(seed: UInt64(number) &+ 0xDE_1CE)
            let further = DeviceKeyPair.generate(entropy: &entropy)
            let certificate = try #require(
                DeviceCertificate(
                    consentOf: further, to: IdentityID(of: root.publicKey), generation: 0))
            try author.add(certificate, time: time)
        }
        return author.chain
    }

    func run() throws -> Outcome {
        var entropy = SeededEntropy(seed: seed)
        let desktop = DeviceKeyPair.generate(entropy: &entropy)
        let laptop = DeviceKeyPair.generate(entropy: &entropy)
        let secret = PreSharedKey.generate(entropy: &entropy)
        var waiting = PairingEndpoint(
            waiting: HandshakeResponder(local: desktop, entropy: SeededEntropy(seed: seed &+ 1)),
            as: PairingEndpoint.Profile(chain: try Self.chain(1, desktop, devices: devices)),
            configuration: ConnectionConfiguration(packetNumberSkipSeed: seed))
        waiting.link.accept(secret)
        let seeds = Mutex(seed &+ 2)
        let role = dialingRole
        let dialing = try PairingEndpoint(
            dialing: [PathID(1, 0, 0)],
            as: PairingEndpoint.Profile(chain: try Self.chain(2, laptop)),
            configuration: ConnectionConfiguration(packetNumberSkipSeed: seed &+ 3), now: .zero
        ) { () throws(HandshakeError) in
            var entropy = SeededEntropy(
                seed: seeds.withLock { seed in
                    seed &+= 0x9E37_79B9
                    return seed
                })
            return try HandshakeInitiator(
                psk: secret, role: role, local: laptop,
                expectedPeer: desktop.publicKeys.id.fingerprint, entropy: &entropy)
        }
        var network = SimulatedNetwork<Node>(seed: SimulationSeed(seed))
        let waitingNode = network.addNode(Node(waiting), at: SimulatedAddress(host: 1))
        let dialingNode = network.addNode(Node(dialing), at: SimulatedAddress(host: 2))
        var stages: [any LinkStage] = [
            SizeLimit(1_472),
            RateLimit(megabitsPerSecond: 20, queueTime: .milliseconds(50)),
            Delay(.milliseconds(10)),
        ]
        if loss > 0 { stages.append(IndependentLoss(loss)) }
        if let cut { stages.append(Outage([(Instant.zero + cut)..<Instant.distantFuture])) }
        network.join(waitingNode, dialingNode, by: stages)
        _ = network.run(for: .seconds(900)) {
            $0[dialingNode].end.ending != nil && $0[waitingNode].end.ending != nil
        }
        return Outcome(
            waiting: network[waitingNode].end, dialing: network[dialingNode].end,
            report: network.report)
    }

    private struct Node: SimulatedEndpoint {
        private var endpoint: PairingEndpoint
        private(set) var end = End()

        init(_ endpoint: PairingEndpoint) {
            self.endpoint = endpoint
        }

        mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {
            let path = PathID(UInt64(datagram.from.host), 0, 0)
            datagram.bytes.withUnsafeBytes {
                endpoint.link.receive($0, on: path, ecn: .notCapable, now: now)
            }
            settle(now: now)
        }

        mutating func handleTimeout(now: Instant) {
            endpoint.link.handleTimeout(now: now)
            settle(now: now)
        }

        var nextTimeout: Instant? { endpoint.link.nextTimeout }

        mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] {
            HostAddressedPackets.take { endpoint.link.pollTransmit(into: $0, now: now) }
        }

        private mutating func settle(now: Instant) {
            endpoint.process(now: now)
            while let event = endpoint.pollEvent() {
                switch event {
                case .connected: end.sessions += 1
                case .introduced(let introduction):
                    end.introduction = introduction
                    endpoint.agree()
                case .store:
                    end.hasStored = true
                    endpoint.didStore()
                case .finished: end.isFinished = true
                case .failed(let failure): end.failure = failure
                case .ended(let ending): end.ending = ending
                }
                endpoint.process(now: now)
            }
        }
    }
}

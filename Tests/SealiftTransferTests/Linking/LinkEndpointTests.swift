import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftTestSupport
import SealiftTransport
import Synchronization
import Testing

@testable import SealiftTransfer

@Suite("A machine that becomes a device, over a network")
struct LinkEndpointTests {
    @Test("has everything in the end, whatever is lost", arguments: SimulationSeed.series(8))
    func lossy(simulation: SimulationSeed) throws {
        var scenario = LinkScenario(seed: simulation.value)
        scenario.loss = 0.1
        let outcome = try scenario.run()
        #expect(outcome.host.isFinished && outcome.guest.isFinished, "\(outcome.report)")
        #expect(outcome.host.hasStored && outcome.guest.hasStored)
        #expect(
            outcome.host.ending == .closed(.done, reason: "done")
                || outcome.host.ending == .closedByPeer(.done, reason: "done"))
    }

    @Test(
        "cut at any moment leaves nothing, a chain with a device that has nothing yet, or everything"
    )
    func cut() throws {
        var kinds: Set<Int> = []
        for milliseconds in Array(stride(from: 20, through: 300, by: 20)) + [800, 5_000] {
            var scenario = LinkScenario(seed: 3)
            scenario.cut = .milliseconds(milliseconds)
            let outcome = try scenario.run()
            #expect(
                outcome.host.hasStored || !outcome.guest.hasStored, "cut at \(milliseconds) ms")
            // Who was not told that it arrived knows that it was not told.
            if outcome.host.isFinished { #expect(outcome.guest.hasStored) }
            kinds.insert((outcome.host.hasStored ? 1 : 0) + (outcome.guest.hasStored ? 2 : 0))
        }
        #expect(kinds.contains(0) && kinds.contains(3))
    }

    @Test(
        "is nobody with a key of another purpose",
        arguments: [SessionRole.introduction, .pairingCode])
    func otherRole(role: SessionRole) throws {
        var scenario = LinkScenario(seed: 9)
        scenario.dialingRole = role
        let outcome = try scenario.run()
        #expect(outcome.guest.ending == .noAnswer && !outcome.host.hasStored)
    }
}

/// A device that waits and a new machine that dials it, on virtual time; the user says yes at once.
struct LinkScenario {
    struct End {
        var hasStored = false
        var isFinished = false
        var ending: SessionEnding?
    }

    let seed: UInt64
    var loss = 0.0
    var cut: Duration?
    var dialingRole = SessionRole.deviceLink

    init(seed: UInt64) {
        self.seed = seed
    }

    static let time = WallTime(secondsSince1970: 1_795_000_000)

    func run() throws -> (host: End, guest: End, report: String) {
        var entropy = SeededEntropy(seed: seed)
        let desktop = DeviceKeyPair.generate(entropy: &entropy)
        let laptop = DeviceKeyPair.generate(entropy: &entropy)
        let secret = PreSharedKey.generate(entropy: &entropy)
        let root = try #require(
            HybridSigningKey(seed: SecretBytes(copying: [UInt8](repeating: 1, count: 32))))
        let chain = try ChainAuthor(beginning: root, with: desktop, time: Self.time).chain
        var host = LinkEndpoint(
            waiting: HandshakeResponder(local: desktop, entropy: SeededEntropy(seed: seed &+ 1)),
            of: desktop.publicKeys.id, showing: chain,
            configuration: ConnectionConfiguration(packetNumberSkipSeed: seed))
        host.link.accept(secret)
        let seeds = Mutex(seed &+ 2)
        let role = dialingRole
        let guest = try LinkEndpoint(
            dialing: [PathID(1, 0, 0)], of: laptop.publicKeys.id, expecting: nil,
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
        let hostNode = network.addNode(
            Node(host, .host(root, chain)), at: SimulatedAddress(host: 1))
        let guestNode = network.addNode(Node(guest, .guest(laptop)), at: SimulatedAddress(host: 2))
        var stages: [any LinkStage] = [
            SizeLimit(1_472), RateLimit(megabitsPerSecond: 20, queueTime: .milliseconds(50)),
            Delay(.milliseconds(10)),
        ]
        if loss > 0 { stages.append(IndependentLoss(loss)) }
        if let cut { stages.append(Outage([(Instant.zero + cut)..<Instant.distantFuture])) }
        network.join(hostNode, guestNode, by: stages)
        _ = network.run(for: .seconds(900)) {
            $0[hostNode].end.ending != nil && $0[guestNode].end.ending != nil
        }
        return (network[hostNode].end, network[guestNode].end, network.report)
    }

    private struct Node: SimulatedEndpoint {
        enum Part {
            case host(HybridSigningKey, DeviceChain)
            case guest(DeviceKeyPair)
        }

        private var endpoint: LinkEndpoint
        private let part: Part
        private(set) var end = End()

        init(_ endpoint: LinkEndpoint, _ part: Part) {
            self.endpoint = endpoint
            self.part = part
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
                take(event)
                endpoint.process(now: now)
            }
        }

        private mutating func take(_ event: LinkEndpoint.Event) {
            switch (event, part) {
            case (.met(let host), .guest(let device)):
                guard
                    let certificate = DeviceCertificate(
                        consentOf: device, to: host.identity,
                        generation: host.devices.head.position.generation)
                else { return }
                endpoint.consent(certificate, suggestion: nil)
            case (.asked(let guest), .host(let root, let chain)):
                guard var author = try? ChainAuthor(root: root, continuing: chain),
                    (try? author.add(guest.certificate, time: LinkScenario.time)) != nil,
                    let bundle = LinkBundle(chain: author.chain, names: [:], contacts: []).encoded
                else { return }
                end.hasStored = true
                endpoint.give(bundle)
            case (.store, .guest):
                end.hasStored = true
                endpoint.didStore()
            case (.finished, _): end.isFinished = true
            case (.ended(let ending), _): end.ending = ending
            default: break
            }
        }
    }
}

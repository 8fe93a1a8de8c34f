import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import SealiftTransport
import Synchronization

@testable import SealiftTransfer

/// Two ends that measure a link between them, on virtual time.
struct MeasurementScenario {
    struct Outcome {
        var measurement: PathMeasurement?
        var ending: SessionEnding?
        var hostHeard: [String]
        var report: String
    }

    let seed: UInt64
    var megabitsPerSecond = 100.0
    var delay = Duration.milliseconds(5)
    var loss = 0.0
    var reordering = 0.0
    var callerRole = SessionRole.measurement

    init(seed: UInt64) {
        self.seed = seed
    }

    private static let hostAddress = SimulatedAddress(host: 1)
    private static let callerAddress = SimulatedAddress(host: 2)

    func run() throws -> Outcome {
        var entropy = SeededEntropy(seed: seed)
        let waiting = DeviceKeyPair.generate(entropy: &entropy)
        let dialing = DeviceKeyPair.generate(entropy: &entropy)
        let secret = PreSharedKey.generate(entropy: &entropy)
        var responder = HandshakeResponder(local: waiting, entropy: SeededEntropy(seed: seed &+ 1))
        responder.accept(secret, role: .measurement)
        let host = MeasurementHost(
            responder: responder, configuration: ConnectionConfiguration(packetNumberSkipSeed: seed)
        )
        let role = callerRole
        let seeds = Mutex(seed &+ 2)
        let caller = try MeasurementCaller(
            paths: [PathID(1, 0, 0)],
            configuration: ConnectionConfiguration(packetNumberSkipSeed: seed &+ 3),
            stretch: .seconds(4), now: .zero
        ) { () throws(HandshakeError) in
            var entropy = SeededEntropy(
                seed: seeds.withLock { seed in
                    seed &+= 0x9E37_79B9
                    return seed
                })
            return try HandshakeInitiator(
                psk: secret, role: role, local: dialing,
                expectedPeer: waiting.publicKeys.id.fingerprint, entropy: &entropy)
        }
        var network = SimulatedNetwork<Node>(seed: SimulationSeed(seed))
        let hostNode = network.addNode(Node(.host(host)), at: Self.hostAddress)
        let callerNode = network.addNode(Node(.caller(caller)), at: Self.callerAddress)
        var stages: [any LinkStage] = [
            SizeLimit(1_472),
            RateLimit(megabitsPerSecond: megabitsPerSecond, queueTime: .milliseconds(50)),
            Delay(delay),
        ]
        if loss > 0 { stages.append(IndependentLoss(loss)) }
        if reordering > 0 { stages.append(Reordering(reordering, holdBack: .milliseconds(4))) }
        network.join(hostNode, callerNode, by: stages)
        _ = network.run(for: .seconds(120)) { $0[callerNode].ending != nil }
        // The farewell reaches the other end.
        let hostIsFree: (SimulatedNetwork<Node>) -> Bool = { $0[hostNode].heard.last != "began" }
        _ = network.run(for: .seconds(60), until: hostIsFree)
        return Outcome(
            measurement: network[callerNode].measurement, ending: network[callerNode].ending,
            hostHeard: network[hostNode].heard, report: network.report)
    }

    /// Either end; the number of a path is that of the other end's host.
    private struct Node: SimulatedEndpoint {
        enum Machine {
            case host(MeasurementHost)
            case caller(MeasurementCaller)
        }

        private var machine: Machine
        private(set) var measurement: PathMeasurement?
        private(set) var ending: SessionEnding?
        private(set) var heard: [String] = []

        init(_ machine: Machine) {
            self.machine = machine
        }

        mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {
            let path = PathID(UInt64(datagram.from.host), 0, 0)
            datagram.bytes.withUnsafeBytes { bytes in
                switch machine {
                case .host(var host):
                    host.receive(bytes, on: path, ecn: .notCapable, now: now)
                    machine = .host(host)
                case .caller(var caller):
                    caller.receive(bytes, on: path, ecn: .notCapable, now: now)
                    machine = .caller(caller)
                }
            }
            settle(now: now)
        }

        mutating func handleTimeout(now: Instant) {
            switch machine {
            case .host(var host):
                host.handleTimeout(now: now)
                machine = .host(host)
            case .caller(var caller):
                caller.handleTimeout(now: now)
                machine = .caller(caller)
            }
            settle(now: now)
        }

        var nextTimeout: Instant? {
            switch machine {
            case .host(let host): host.nextTimeout
            case .caller(let caller): caller.nextTimeout
            }
        }

        mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] {
            HostAddressedPackets.take { poll(into: $0, now: now) }
        }

        private mutating func poll(
            into buffer: UnsafeMutableRawBufferPointer, now: Instant
        ) -> PacketBatch? {
            switch machine {
            case .host(var host):
                defer { machine = .host(host) }
                return host.pollTransmit(into: buffer, now: now)
            case .caller(var caller):
                defer { machine = .caller(caller) }
                return caller.pollTransmit(into: buffer, now: now)
            }
        }

        private mutating func settle(now: Instant) {
            switch machine {
            case .host(var host):
                host.process(now: now)
                while let event = host.pollEvent() {
                    switch event {
                    case .began: heard.append("began")
                    case .ended: heard.append("ended")
                    }
                }
                machine = .host(host)
            case .caller(var caller):
                caller.process(now: now)
                while let event = caller.pollEvent() {
                    switch event {
                    case .connected, .began: break
                    case .measured(let found): measurement = found
                    case .ended(let how): ending = how
                    }
                }
                machine = .caller(caller)
            }
        }
    }
}

import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftTestSupport
import SealiftTransport
import Synchronization
import Testing

@testable import SealiftTransfer

/// A device that waits for its contacts, and one that dials it, over a link on virtual time.
struct ContactScenario {
    struct Outcome {
        /// Requests that reached the waiting end's driver.
        var requests: [ContactRequest] = []
        /// Sessions that reached it.
        var arrivals = 0
        /// Failures at either end.
        var failures: [ContactFailure] = []
        /// What the dialling end was answered.
        var answers: [ContactAnswer] = []
        /// How the dialling end's session ended.
        var ending: SessionEnding?
        /// Datagrams that the waiting end sent.
        var replies = 0
        /// The keys born in the sessions that the waiting end and the dialling one were to put in the place of
        /// the one that opened it.
        var renewed: [PairKey] = []
    }

    let seed: UInt64
    var loss = 0.0
    /// What the dialling end's psk is made of; nil for the pair's own key.
    var dialingKey: PreSharedKey?
    /// For whom the dialling end's secret is made; nil for the waiting device.
    var dialedDevice: DeviceID?
    /// The device that dials has other keys than the pair was made for.
    var isAnotherDevice = false
    /// How many hours the dialling clock goes ahead of the other; negative for behind.
    var clockHours: Int64 = 0
    /// What the dialling and the waiting end can.
    var features: (dialing: SessionFeatures, waiting: SessionFeatures) = ([], [])
    /// What the dialling end's handshake names of its chain; nil for nothing.
    var dialingHead: DialingHead?
    /// Whether the dialling end wants another key, where that has mailboxes of days.
    var isKeyToBeReplaced = false
    /// Whether the waiting end has the other as a contact at all.
    var isKnown = true

    init(seed: UInt64) {
        self.seed = seed
    }

    /// A chain that a handshake names.
    enum DialingHead {
        case own
        case another
    }

    private static let time = WallTime(secondsSince1970: 1_795_000_000)

    private static func chain(_ byte: UInt8, _ device: DeviceKeyPair) throws -> DeviceChain {
        let seed = SecretBytes(copying: [UInt8](repeating: byte, count: 32))
        let root = try #require(HybridSigningKey(seed: seed))
        return try ChainAuthor(beginning: root, with: device, time: time).chain
    }

    private static func contact(_ chain: DeviceChain, _ name: String) throws -> Contact {
        Contact(
            name: try ContactName(name),
            devices: try ChainView(verifying: chain, of: chain.entries[0].identity),
            verification: .verified(.code))
    }

    func run() throws -> Outcome {
        var entropy = SeededEntropy(seed: seed)
        let desktop = DeviceKeyPair.generate(entropy: &entropy)
        let laptop = DeviceKeyPair.generate(entropy: &entropy)
        let other = DeviceKeyPair.generate(entropy: &entropy)
        let key = PreSharedKey.generate(entropy: &entropy)
        let (bobs, anns) = (try Self.chain(1, desktop), try Self.chain(2, laptop))
        let (bob, ann) = (try Self.contact(bobs, "bob"), try Self.contact(anns, "ann"))
        var host = ContactHost(
            responder: HandshakeResponder(
                local: desktop, features: features.waiting, entropy: SeededEntropy(seed: seed &+ 1)),
            showing: bobs, configuration: ConnectionConfiguration(packetNumberSkipSeed: seed))
        let hour = ContactPair.hour(at: Self.time)
        let pair = ContactPair(
            identity: ann.identity, device: laptop.publicKeys.id,
            key: PairKey(told: key), dialing: desktop.publicKeys.id)
        host.welcome(isKnown ? [pair] : [], hour: hour, now: .zero)
        let clock = Self.time.adding(seconds: clockHours * 3_600)
        let dialingHour = ContactPair.hour(at: clock)
        let secret = (dialingKey ?? key).dialing(dialedDevice ?? desktop.publicKeys.id)
        let dialing = isAnotherDevice ? other : laptop
        let seeds = Mutex(seed &+ 2)
        let features = features.dialing
        let chainHead =
            switch dialingHead {
            case .own: anns.headHash
            case .another: bobs.headHash
            case nil: Hash256.zero
            }
        var question = ContactCaller.Question(
            own: anns, contact: bob, chain: bobs, request: .shares, time: clock)
        question.isKeyToBeReplaced = isKeyToBeReplaced
        let caller = try ContactCaller(
            question, paths: [PathID(1, 0, 0)],
            configuration: ConnectionConfiguration(packetNumberSkipSeed: seed &+ 3),
            contactTimeout: .seconds(20), now: .zero
        ) { () throws(HandshakeError) in
            var entropy = SeededEntropy(
                seed: seeds.withLock { seed in
                    seed &+= 0x9E37_79B9
                    return seed
                })
            return try HandshakeInitiator(
                psk: secret, role: .devicePair, local: dialing,
                expectedPeer: desktop.publicKeys.id.fingerprint, hour: dialingHour,
                features: features, chainHead: chainHead, entropy: &entropy)
        }
        var network = SimulatedNetwork<Node>(seed: SimulationSeed(seed))
        let waitingNode = network.addNode(
            Node(.waiting(host, ann, anns)), at: SimulatedAddress(host: 1))
        let dialingNode = network.addNode(Node(.dialing(caller)), at: SimulatedAddress(host: 2))
        var stages: [any LinkStage] = [
            SizeLimit(1_472), RateLimit(megabitsPerSecond: 20, queueTime: .milliseconds(50)),
            Delay(.milliseconds(10)),
        ]
        if loss > 0 { stages.append(IndependentLoss(loss)) }
        network.join(waitingNode, dialingNode, by: stages)
        _ = network.run(for: .seconds(300)) { $0[dialingNode].outcome.ending != nil }
        var outcome = network[waitingNode].outcome
        let dialed = network[dialingNode].outcome
        outcome.answers = dialed.answers
        outcome.ending = dialed.ending
        outcome.failures += dialed.failures
        outcome.renewed += dialed.renewed
        return outcome
    }

    private struct Node: SimulatedEndpoint {
        enum Role {
            case waiting(ContactHost, Contact, DeviceChain)
            case dialing(ContactCaller)
        }

        private var role: Role
        var outcome = Outcome()

        init(_ role: Role) {
            self.role = role
        }

        mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {
            let path = PathID(UInt64(datagram.from.host), 0, 0)
            datagram.bytes.withUnsafeBytes { bytes in
                switch role {
                case .waiting(var host, let contact, let chain):
                    host.receive(bytes, on: path, ecn: .notCapable, now: now)
                    role = .waiting(host, contact, chain)
                case .dialing(var caller):
                    caller.receive(bytes, on: path, ecn: .notCapable, now: now)
                    role = .dialing(caller)
                }
            }
            settle(now: now)
        }

        mutating func handleTimeout(now: Instant) {
            switch role {
            case .waiting(var host, let contact, let chain):
                host.handleTimeout(now: now)
                role = .waiting(host, contact, chain)
            case .dialing(var caller):
                caller.handleTimeout(now: now)
                role = .dialing(caller)
            }
            settle(now: now)
        }

        var nextTimeout: Instant? {
            switch role {
            case .waiting(let host, _, _): host.nextTimeout
            case .dialing(let caller): caller.nextTimeout
            }
        }

        mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] {
            let datagrams = HostAddressedPackets.take { poll(into: $0, now: now) }
            outcome.replies += datagrams.count
            return datagrams
        }

        private mutating func poll(
            into buffer: UnsafeMutableRawBufferPointer, now: Instant
        ) -> PacketBatch? {
            switch role {
            case .waiting(var host, let contact, let chain):
                defer { role = .waiting(host, contact, chain) }
                return host.pollTransmit(into: buffer, now: now)
            case .dialing(var caller):
                defer { role = .dialing(caller) }
                return caller.pollTransmit(into: buffer, now: now)
            }
        }

        private mutating func settle(now: Instant) {
            switch role {
            case .waiting(var host, let contact, let chain):
                host.process(now: now)
                while let event = host.pollEvent() {
                    switch event {
                    case .arrived(let id, _, _):
                        outcome.arrivals += 1
                        host.begin(id, contact, chain: chain, time: ContactScenario.time)
                    case .request(let id, let request):
                        outcome.requests.append(request)
                        let share = ShareID([UInt8](repeating: 5, count: 16))
                        if case .shares = request, let share {
                            let visible = VisibleShare(
                                id: share, role: .viewer, isApprovalAwaited: false, expires: nil,
                                name: Array("llm".utf8))
                            host.answer(id, .shares([visible], isLast: false))
                            host.answer(id, .shares([visible], isLast: true))
                        } else {
                            host.answer(id, .refused(.notThere))
                        }
                    case .failed(_, let failure): outcome.failures.append(failure)
                    case .renew(let id, let born):
                        outcome.renewed.append(born)
                        host.didRenew(id)
                    case .learned, .caughtUp, .greeted, .ended, .introduced: break
                    }
                    host.process(now: now)
                }
                role = .waiting(host, contact, chain)
            case .dialing(var caller):
                caller.process(now: now)
                while let event = caller.pollEvent() {
                    switch event {
                    case .answer(let answer):
                        outcome.answers.append(answer)
                        if case .shares(let shares, isLast: true) = answer, let share = shares.first
                        {
                            caller.ask(.get(share.id, []))
                        } else if answer.isLast {
                            caller.finish()
                        }
                    case .failed(let failure): outcome.failures.append(failure)
                    case .ended(let ending): outcome.ending = ending
                    case .renewed(let born): outcome.renewed.append(born)
                    case .connected, .learned, .caughtUp, .greeted, .introduced: break
                    }
                    caller.process(now: now)
                }
                role = .dialing(caller)
            }
        }
    }
}

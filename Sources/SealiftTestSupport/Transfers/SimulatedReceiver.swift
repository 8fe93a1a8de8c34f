public import SealiftBase
public import SealiftCrypto
public import SealiftTransfer
public import SealiftTransport
import Synchronization

/// A whole receiver in the simulator: endpoint, worker and a destination in memory, with the work
/// done at once.
public struct SimulatedReceiver: SimulatedEndpoint {
    /// What the simulated user answers.
    public enum Answer: Sendable {
        /// Yes.
        case accept
        /// No.
        case decline
    }

    /// The endpoint under test.
    public var endpoint: ReceiverEndpoint
    /// What the endpoint reported, in order.
    public private(set) var reports: [ReceiverSession.Report] = []
    /// What was asked, once it was.
    public private(set) var summary: ListingSummary?
    /// How the session ended, once it did.
    public private(set) var ending: SessionEnding?
    /// What was counted when the last report came.
    public private(set) var finalTally: ReceiverSession.Tally?
    /// Where the session moved to, in order.
    public private(set) var moves: [SimulatedAddress] = []
    /// The destination.
    public let store: MemoryStore

    private var worker: ReceiverWorker<MemoryStore>
    private let answer: Answer
    private var paths = SimulatedPaths()
    private var scratch = [UInt8](repeating: 0, count: 65_536)

    /// Makes a receiver that dials `sender` at once.
    public init(
        store: MemoryStore, device: DeviceKeyPair, psk: PreSharedKey, sender: SimulatedAddress,
        expecting fingerprint: DeviceFingerprint?, features: SessionFeatures = [],
        configuration: ConnectionConfiguration, answer: Answer = .accept, seed: UInt64, now: Instant
    ) throws {
        let seeds = Mutex(seed)
        endpoint = try ReceiverEndpoint(
            paths: [paths.id(of: sender)], configuration: configuration, now: now
        ) { () throws(HandshakeError) in
            var entropy = SeededEntropy(
                seed: seeds.withLock { seed in
                    seed &+= 0x9E37_79B9
                    return seed
                })
            return try HandshakeInitiator(
                psk: psk, role: .ticket, local: device, expectedPeer: fingerprint,
                features: features, entropy: &entropy)
        }
        self.store = store
        self.answer = answer
        worker = ReceiverWorker(store: store)
    }

    /// Lets the receiver know of another address of the sender.
    public mutating func addPath(
        to sender: SimulatedAddress, _ rank: PathRank = .direct, now: Instant
    ) {
        endpoint.addPath(paths.id(of: sender), rank, now: now)
    }

    /// Hands a datagram to the endpoint and does the work that came of it.
    public mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {
        let path = paths.id(of: datagram.from)
        datagram.bytes.withUnsafeBytes {
            endpoint.receive($0, on: path, ecn: ECN(datagram.ecn), now: now)
        }
        settle(now: now)
    }

    /// Does what is due and the work that came of it.
    public mutating func handleTimeout(now: Instant) {
        endpoint.handleTimeout(now: now)
        settle(now: now)
    }

    /// The endpoint's next deadline.
    public var nextTimeout: Instant? {
        // A copy answers: the endpoint's own getter looks at its sessions in place.
        var endpoint = endpoint
        return endpoint.nextTimeout
    }

    /// The datagrams that the endpoint sends next.
    public mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] {
        var datagrams: [SimulatedDatagram] = []
        while let batch = scratch.withUnsafeMutableBytes({
            endpoint.pollTransmit(into: $0, now: now)
        }) {
            datagrams += paths.cut(batch, from: scratch)
        }
        return datagrams
    }

    private mutating func settle(now: Instant) {
        endpoint.process(now: now)
        while let action = endpoint.pollAction() {
            perform(action, now: now)
            endpoint.process(now: now)
        }
    }

    private mutating func perform(_ action: ReceiverEndpoint.Action, now: Instant) {
        switch action {
        case .connected:
            break
        case .moved(let path):
            moves.append(paths.address(of: path))
        case .work(let command):
            var outputs: [ReceiverOutput] = []
            worker.handle(command, into: &outputs)
            for output in outputs { endpoint.receive(output, now: now) }
        case .ask(let summary):
            self.summary = summary
            switch answer {
            case .accept: endpoint.accept()
            case .decline: endpoint.decline()
            }
        case .report(let report):
            reports.append(report)
            finalTally = endpoint.tally
        case .ended(let ending):
            self.ending = ending
        }
    }
}

public import SealiftBase
public import SealiftCrypto
public import SealiftTransfer
public import SealiftTransport

/// A whole sender in the simulator: endpoint, worker and a tree in memory, with the work done at once.
public struct SimulatedSender: SimulatedEndpoint {
    /// The endpoint under test.
    public var endpoint: SenderEndpoint
    /// What the endpoint reported, in order.
    public private(set) var reports: [SenderSession.Report] = []
    /// How each session ended, in order.
    public private(set) var endings: [SessionEnding] = []
    /// The device that owns the ticket, once one claimed it.
    public var owner: DeviceID?
    /// Content pieces read from the tree.
    public private(set) var piecesRead = 0

    /// Where a session moved to, in order.
    public private(set) var moves: [SimulatedAddress] = []

    private let source: MemorySource
    private var workers: [SenderEndpoint.SessionID: SenderWorker<MemorySource>] = [:]
    private var paths = SimulatedPaths()
    private var scratch = [UInt8](repeating: 0, count: 65_536)

    /// Makes a sender of `source` that answers whoever has `psk`.
    public init(
        source: MemorySource, device: DeviceKeyPair, psk: PreSharedKey,
        features: SessionFeatures = [], configuration: ConnectionConfiguration, seed: UInt64
    ) {
        var responder = HandshakeResponder(
            local: device, features: features, entropy: SeededEntropy(seed: seed))
        responder.accept(psk, role: .ticket)
        endpoint = SenderEndpoint(responder: responder, configuration: configuration)
        self.source = source
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

    /// Does every piece of work there is until nothing moves.
    private mutating func settle(now: Instant) {
        var isMoving = true
        while isMoving {
            isMoving = false
            endpoint.process(now: now)
            while let action = endpoint.pollAction() {
                isMoving = true
                perform(action)
            }
            for id in workers.keys.sorted() where endpoint.bytesQueued(of: id) < 4 << 20 {
                switch workers[id]?.step() {
                case .output(let output):
                    isMoving = true
                    endpoint.receive(output, for: id)
                case .working:
                    isMoving = true
                case .idle, nil:
                    break
                }
            }
        }
    }

    private mutating func perform(_ action: SenderEndpoint.Action) {
        switch action {
        case .admit(let id, let peer, _):
            guard owner == nil || owner == peer.id else {
                endpoint.refuse(id, .alreadyUsed)
                return
            }
            workers[id] = SenderWorker(source: source)
            endpoint.offer(source.offer(owner == nil ? .unclaimed : .yours), to: id)
        case .moved(_, let path):
            moves.append(paths.address(of: path))
        case .decideClaim(let id, let peer):
            if owner == nil { owner = peer.id }
            endpoint.claimDecided(id, owner == peer.id ? nil : .alreadyUsed)
        case .work(let id, let command):
            workers[id]?.enqueue(command)
        case .report(_, let report):
            reports.append(report)
        case .closing(let id):
            workers.removeValue(forKey: id)
        case .ended(let id, let ending):
            workers.removeValue(forKey: id)
            endings.append(ending)
        }
    }
}

/// Numbers the addresses that an endpoint in the simulator hears from.
struct SimulatedPaths: Sendable {
    private var addresses: [SimulatedAddress] = []

    /// The path to `address`, numbered on first sight.
    mutating func id(of address: SimulatedAddress) -> PathID {
        if let index = addresses.firstIndex(of: address) { return PathID(UInt64(index), 0, 0) }
        addresses.append(address)
        return PathID(UInt64(addresses.count - 1), 0, 0)
    }

    /// The address behind a path.
    func address(of path: PathID) -> SimulatedAddress { addresses[Int(path.words.0)] }

    /// The datagrams of a batch.
    func cut(_ batch: PacketBatch, from bytes: [UInt8]) -> [SimulatedDatagram] {
        let address = addresses[Int(batch.path.words.0)]
        return stride(from: 0, to: batch.byteCount, by: batch.segmentSize).map { start in
            let end = min(start + batch.segmentSize, batch.byteCount)
            return SimulatedDatagram(bytes: Array(bytes[start..<end]), to: address)
        }
    }
}

extension ECN {
    /// The transport's word for the simulator's mark.
    init(_ mark: SimulatedECN) {
        self =
            switch mark {
            case .notCapable: .notCapable
            case .capable1: .capable1
            case .capable0: .capable0
            case .congestionExperienced: .congestionExperienced
            }
    }
}

import SealiftBase
import SealiftCrypto
import SealiftTestSupport

@testable import SealiftTraversal

/// A machine with sockets that finds out how it is seen, and then probes: what the product's edge does
/// around a ``ProbeAgent``, on virtual time. A socket's number is its port.
struct ProbingHost: SimulatedEndpoint {
    static let port: UInt16 = 40_000
    static let firstBirthdayPort: UInt16 = 41_000

    private(set) var agent: ProbeAgent?
    private(set) var validated: [ProbePath] = []
    private(set) var chosen: ProbePath?
    private(set) var chosenAt: Instant?
    private(set) var diagnosis: ProbeDiagnosis?
    private(set) var diagnosedAt: Instant?
    /// When each probe left; replies are not among them.
    private(set) var probeInstants: [Instant] = []
    private(set) var destinations: Set<TransportAddress> = []

    /// The agent to be, from its instant on.
    private var plan: (start: Instant, make: @Sendable (Instant) -> ProbeAgent)?
    private var bindings: [StunBinding] = []
    private var waiting: [SimulatedDatagram] = []
    private let birthdaySockets: Int

    init(birthdaySockets: Int = ProbeLimits.birthdaySockets) {
        self.birthdaySockets = birthdaySockets
    }

    /// Asks STUN servers how the socket is seen.
    mutating func ask(_ servers: [TransportAddress], now: Instant) {
        bindings = servers.compactMap { server in
            StunTransactionID(SeededEntropy.bytes(12, seed: server.low)).map {
                StunBinding(server: server, transactionID: $0, now: now)
            }
        }
    }

    /// What the servers saw, once all answered; nil before.
    var seen: [(server: TransportAddress, mapped: TransportAddress)]? {
        var seen: [(server: TransportAddress, mapped: TransportAddress)] = []
        for binding in bindings {
            guard case .mapped(let address) = binding.state else { return nil }
            seen.append((binding.server, address))
        }
        return seen
    }

    /// Probes from `start` on.
    mutating func probe(from start: Instant, _ make: @escaping @Sendable (Instant) -> ProbeAgent) {
        plan = (start, make)
    }

    mutating func revise(peer: Call, now: Instant) {
        agent?.update(peer: peer, now: now)
    }

    mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {
        let source = TransportAddress(datagram.from)
        datagram.bytes.withUnsafeBytes { bytes in
            for index in bindings.indices {
                if bindings[index].receive(bytes, from: source) { return }
            }
            _ = agent?.receive(bytes, socket: Int(datagram.to.port), from: source, now: now)
        }
        drain(now: now)
    }

    mutating func handleTimeout(now: Instant) {
        for index in bindings.indices {
            guard let request = bindings[index].pollTransmit(now: now) else { continue }
            waiting.append(
                SimulatedDatagram(
                    bytes: request, from: SimulatedAddress(host: 0, port: Self.port),
                    to: SimulatedAddress(bindings[index].server)))
        }
        if let plan, plan.start <= now {
            agent = plan.make(now)
            self.plan = nil
        }
        agent?.handleTimeout(now: now)
        drain(now: now)
    }

    var nextTimeout: Instant? {
        let due = [plan?.start, agent?.nextTimeout] + bindings.map(\.nextTimeout)
        return due.compactMap { $0 }.min()
    }

    mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] {
        defer { waiting = [] }
        return waiting
    }

    private mutating func drain(now: Instant) {
        while let event = agent?.pollEvent() {
            switch event {
            case .validated(let path): validated.append(path)
            case .chosen(let path): (chosen, chosenAt) = (path, now)
            case .exhausted(let diagnosis): (self.diagnosis, diagnosedAt) = (diagnosis, now)
            case .wantsSockets(let count):
                let sockets = (0..<min(count, birthdaySockets)).map {
                    ProbeSocket(index: Int(Self.firstBirthdayPort) + $0, family: .ipv4)
                }
                agent?.addBirthdaySockets(sockets, now: now)
            }
        }
        while let probe = agent?.pollTransmit() {
            if probe.bytes[0] == ProbeDatagram.Kind.probe.rawValue {
                probeInstants.append(now)
                destinations.insert(probe.destination)
            }
            waiting.append(
                SimulatedDatagram(
                    bytes: probe.bytes,
                    from: SimulatedAddress(host: 0, port: UInt16(probe.socket)),
                    to: SimulatedAddress(probe.destination)))
        }
    }
}

extension SeededEntropy {
    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var entropy = SeededEntropy(seed: seed)
        return entropy.bytes(count)
    }
}

extension TransportAddress {
    /// The address that stands for a simulated one.
    init(_ address: SimulatedAddress) {
        let bytes = withUnsafeBytes(of: address.host.bigEndian) { Array($0) }
        guard let own = TransportAddress(bytes: bytes, port: address.port) else {
            preconditionFailure("four bytes are an address")
        }
        self = own
    }
}

extension SimulatedAddress {
    init(_ address: TransportAddress) {
        let host = address.bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        self.init(host: host, port: address.port)
    }
}

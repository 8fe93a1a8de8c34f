import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftTraversal

/// Two machines, what lies in front of each, and two STUN servers: from asking how they are seen to the
/// chosen path.
struct ProbingScene {
    /// What lies in front of a machine.
    enum Front: String, CaseIterable, Sendable {
        case none, easy, restricted, hard

        var behaviour: SimulatedNAT.Behaviour? {
            switch self {
            case .none: nil
            case .easy: .easy
            case .restricted: .restricted
            case .hard: .hard
            }
        }

        var kind: NATKind {
            switch self {
            case .none: .none
            case .easy, .restricted: .endpointIndependent
            case .hard: .endpointDependent
            }
        }
    }

    /// Either machine, or a server.
    enum Machine: SimulatedEndpoint {
        case probing(ProbingHost)
        case stun([SimulatedDatagram])

        mutating func receive(_ datagram: SimulatedDatagram, now: Instant) {
            switch self {
            case .probing(var host):
                // Taken out, so that it is changed in place.
                self = .stun([])
                host.receive(datagram, now: now)
                self = .probing(host)
            case .stun(var answers):
                let answer = datagram.bytes.withUnsafeBytes {
                    StunResponder.answer(to: $0, from: TransportAddress(datagram.from))
                }
                guard let answer else { return }
                answers.append(
                    SimulatedDatagram(bytes: answer, from: datagram.to, to: datagram.from))
                self = .stun(answers)
            }
        }

        mutating func handleTimeout(now: Instant) {
            guard case .probing(var host) = self else { return }
            self = .stun([])
            host.handleTimeout(now: now)
            self = .probing(host)
        }

        var nextTimeout: Instant? {
            if case .probing(let host) = self { host.nextTimeout } else { nil }
        }

        mutating func pollTransmit(now: Instant) -> [SimulatedDatagram] {
            switch self {
            case .probing(var host):
                self = .stun([])
                defer { self = .probing(host) }
                return host.pollTransmit(now: now)
            case .stun(let answers):
                self = .stun([])
                return answers
            }
        }
    }

    typealias Home = SimulatedSite<Machine>
    typealias Network = SimulatedNetwork<SimulatedSite<Home>>

    /// Where a machine is: the node, the home in it, the machine in the home.
    struct Place {
        let node: Network.NodeIndex
        let home: Int
        let machine: Int
        let host: UInt32
    }

    private static let servers = [
        SimulatedAddress(host: 0xCB00_7101, port: 3_478),
        SimulatedAddress(host: 0xCB00_7202, port: 3_478),
    ]

    private(set) var network: Network
    private(set) var caller: Place
    private(set) var callee: Place
    private let seed: SimulationSeed
    /// How long a datagram is on its way.
    private let delay = Duration.milliseconds(25)

    /// The two at homes of their own, each with its NAT, and behind that perhaps another.
    init(
        _ caller: Front, _ callee: Front, callerCarrier: Front = .none,
        calleeCarrier: Front = .none,
        loss: Double = 0, birthdaySockets: Int = ProbeLimits.birthdaySockets, seed: SimulationSeed
    ) {
        self.seed = seed
        network = Network(seed: seed)
        let host = ProbingHost(birthdaySockets: birthdaySockets)
        var places: [Place] = []
        for (number, fronts) in [(caller, callerCarrier), (callee, calleeCarrier)].enumerated() {
            places.append(
                Self.add(
                    to: &network, front: fronts.0, carrier: fronts.1, machines: [.probing(host)],
                    number: UInt32(number) + 1, seed: seed)[0])
        }
        (self.caller, self.callee) = (places[0], places[1])
        finish(loss: loss)
    }

    /// The two behind one NAT: on one network, or each with a router of its own behind it.
    init(
        behind carrier: SimulatedNAT.Behaviour, homes: Front?, loss: Double = 0,
        seed: SimulationSeed
    ) {
        self.seed = seed
        network = Network(seed: seed)
        let nat = SimulatedNAT(carrier, host: 0xC633_6401, seed: seed.value)
        let hosts: [UInt32] = [0xC0A8_0002, 0xC0A8_0003]
        if let homes {
            let sites = hosts.enumerated().map { number, host in
                let outside = 0x0A00_0002 + UInt32(number)
                let router = homes.behaviour.map {
                    SimulatedNAT($0, host: outside, seed: seed.value &+ UInt64(number) &+ 50)
                }
                let home = Home([.init(.probing(ProbingHost()), at: host)], behind: router)
                return SimulatedSite<Home>.Host(home, at: home.outsideHost)
            }
            let node = network.addNode(
                SimulatedSite(sites, behind: nat), at: SimulatedAddress(host: nat.host, port: 0))
            caller = Place(node: node, home: 0, machine: 0, host: hosts[0])
            callee = Place(node: node, home: 1, machine: 0, host: hosts[1])
        } else {
            let home = Home(
                hosts.map { .init(.probing(ProbingHost()), at: $0) }, behind: nat)
            let node = network.addNode(
                SimulatedSite([.init(home, at: nat.host)], behind: nil),
                at: SimulatedAddress(host: nat.host, port: 0))
            caller = Place(node: node, home: 0, machine: 0, host: hosts[0])
            callee = Place(node: node, home: 0, machine: 1, host: hosts[1])
        }
        finish(loss: loss)
    }

    private static func add(
        to network: inout Network, front: Front, carrier: Front, machines: [Machine],
        number: UInt32, seed: SimulationSeed
    ) -> [Place] {
        let outside = 0xC633_6400 + number
        let carrierNAT = carrier.behaviour.map {
            SimulatedNAT($0, host: outside, seed: seed.value &+ UInt64(number))
        }
        // A carrier's inside is 10.0.0.0/8, a home's 192.168.number.0/24.
        let homeOutside = carrierNAT == nil ? outside : 0x0A00_0000 + number
        let homeNAT = front.behaviour.map {
            SimulatedNAT($0, host: homeOutside, seed: seed.value &+ UInt64(number) &+ 100)
        }
        let inside = homeNAT == nil ? homeOutside : 0xC0A8_0002 + number << 8
        let home = Home(
            machines.enumerated().map { .init($1, at: inside + UInt32($0)) }, behind: homeNAT)
        let node = network.addNode(
            SimulatedSite([.init(home, at: homeOutside)], behind: carrierNAT),
            at: SimulatedAddress(host: outside, port: 0))
        return machines.indices.map {
            Place(node: node, home: 0, machine: $0, host: inside + UInt32($0))
        }
    }

    private mutating func finish(loss: Double) {
        let nodes = Set([caller.node, callee.node])
        for address in Self.servers {
            let home = Home([.init(.stun([]), at: address.host)], behind: nil)
            let node = network.addNode(
                SimulatedSite([.init(home, at: address.host)], behind: nil),
                at: SimulatedAddress(host: address.host, port: 0))
            for other in nodes { network.join(node, other, by: [Delay(delay)]) }
        }
        guard caller.node != callee.node else { return }
        network.join(caller.node, callee.node, by: [IndependentLoss(loss), Delay(delay)])
    }

    // MARK: Machines

    func host(_ role: CallRole) -> ProbingHost {
        let place = role == .caller ? caller : callee
        guard
            case .probing(let host) = network[place.node].hosts[place.home].endpoint
                .hosts[place.machine].endpoint
        else { preconditionFailure("a server does not probe") }
        return host
    }

    private mutating func change(_ role: CallRole, _ body: (inout ProbingHost) -> Void) {
        let place = role == .caller ? caller : callee
        var host = host(role)
        body(&host)
        network[place.node].hosts[place.home].endpoint.hosts[place.machine].endpoint = .probing(
            host)
    }

    // MARK: Course

    /// Both ask the STUN servers, and tell each other what they found.
    mutating func gather(
        callerFlags: CallFlags = .birthday, calleeFlags: CallFlags = .birthday,
        extra: [Candidate] = []
    ) -> CallPair {
        let now = network.now
        for role in CallRole.allCases {
            change(role) { $0.ask(Self.servers.map { TransportAddress($0) }, now: now) }
        }
        _ = network.run(for: .seconds(5)) { _ in false }
        let (caller, callee) = (description(of: .caller), description(of: .callee))
        return CallPair(
            caller: caller.candidates, caller.kind, callerFlags: callerFlags,
            callee: extra + callee.candidates, callee.kind, calleeFlags: calleeFlags,
            seed: seed.value)
    }

    private func description(of role: CallRole) -> (kind: NATKind, candidates: [Candidate]) {
        let place = role == .caller ? caller : callee
        let own = TransportAddress(SimulatedAddress(host: place.host, port: ProbingHost.port))
        let seen = host(role).seen ?? []
        let kind = NATKind.classify(local: [own], seen: seen)
        var candidates = [Candidate(.host, own)]
        for (_, mapped) in seen where mapped != own {
            candidates.append(Candidate(.reflexive, mapped))
        }
        return (kind, candidates)
    }

    /// Both probe, one of them later, until both have chosen or the time is over.
    mutating func meet(
        _ pair: CallPair, callerDelay: Duration = .zero, calleeDelay: Duration = .zero
    ) {
        let now = network.now
        change(.caller) { $0.probe(from: now + callerDelay) { pair.agent(.caller, now: $0) } }
        change(.callee) { $0.probe(from: now + calleeDelay) { pair.agent(.callee, now: $0) } }
        _ = run(for: .seconds(26)) { $0.chosen != nil }
    }

    /// Runs until `condition` holds for both.
    mutating func run(
        for duration: Duration, until condition: @escaping (ProbingHost) -> Bool
    ) -> Network.Outcome {
        let (caller, callee) = (caller, callee)
        return network.run(for: duration) { network in
            [caller, callee].allSatisfy { place in
                guard
                    case .probing(let host) = network[place.node].hosts[place.home].endpoint
                        .hosts[place.machine].endpoint
                else { return false }
                return condition(host)
            }
        }
    }

    /// Gives both ends' routers nothing to remember.
    mutating func rebootRouters() {
        for place in [caller, callee] {
            network[place.node].nat?.reboot()
            network[place.node].hosts[place.home].endpoint.nat?.reboot()
        }
    }
}

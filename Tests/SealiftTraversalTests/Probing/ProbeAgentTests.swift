import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftTraversal

@Suite("Probing")
struct ProbeAgentTests {
    private static let caller = SimulatedAddress(host: 0xC633_6401, port: ProbingHost.port)
    private static let callee = SimulatedAddress(host: 0xC633_6402, port: ProbingHost.port)
    private static let calleeElsewhere = SimulatedAddress(host: 0xC633_6403, port: 40_000)

    private var network = SimulatedNetwork<ProbingHost>(seed: SimulationSeed(7))
    private let callerNode: SimulatedNetwork<ProbingHost>.NodeIndex
    private let calleeNode: SimulatedNetwork<ProbingHost>.NodeIndex

    init() {
        callerNode = network.addNode(ProbingHost(), at: Self.caller)
        calleeNode = network.addNode(ProbingHost(), at: Self.callee)
        network.join(callerNode, calleeNode, by: [Delay(.milliseconds(20))])
    }

    /// Lets both ends probe, the callee so much later.
    private mutating func begin(
        calleeAt addresses: [SimulatedAddress] = [callee], calleeDelay: Duration = .zero
    ) {
        let pair = CallPair(
            caller: [Candidate(.host, TransportAddress(Self.caller))],
            callee: addresses.map { Candidate(.host, TransportAddress($0)) })
        network[callerNode].probe(from: network.now) { pair.agent(.caller, now: $0) }
        network[calleeNode].probe(from: network.now + calleeDelay) {
            pair.agent(.callee, now: $0)
        }
    }

    @Test("proves the way between two ends, at both, with the time it takes")
    mutating func plain() throws {
        begin()
        _ = network.run(for: .seconds(3))
        let path = try #require(network[callerNode].chosen)
        #expect(path.address == TransportAddress(Self.callee))
        #expect(path.rtt == .milliseconds(40))
        #expect(path.seenAs == TransportAddress(Self.caller))
        #expect(network[calleeNode].chosen?.address == TransportAddress(Self.caller))
        #expect(network[callerNode].agent?.probesSent == 1)
        #expect(network[callerNode].nextTimeout == nil)
    }

    @Test("goes on answering a peer that begins seconds later")
    mutating func late() throws {
        begin(calleeDelay: .seconds(5))
        _ = network.run(for: .seconds(30))
        #expect(network[callerNode].chosen != nil && network[calleeNode].chosen != nil)
        #expect(network[callerNode].diagnosis == nil)
    }

    @Test("passes dead addresses by, each tried ten times in 13 s at most")
    mutating func deadCandidates() throws {
        let dead = (1...15).map { SimulatedAddress(host: 0xCB00_7100 + UInt32($0), port: 5_000) }
        begin(calleeAt: dead + [Self.callee])
        _ = network.run(for: .seconds(3))
        let chosenAt = try #require(network[callerNode].chosenAt)
        #expect(chosenAt < Instant(nanoseconds: 1_300_000_000))
    }

    @Test("of somebody silent ends with a diagnosis, after ten probes to each address")
    mutating func silence() throws {
        begin(calleeAt: [Self.calleeElsewhere, Self.callee], calleeDelay: .seconds(1_000))
        _ = network.run(for: .seconds(25))
        let diagnosis = try #require(network[callerNode].diagnosis)
        #expect(diagnosis.cause == .silence && diagnosis.probesSent == 20)
        #expect(!diagnosis.heardPeer)
        #expect(
            try #require(network[callerNode].diagnosedAt) < Instant(nanoseconds: 21_000_000_000))
    }
}

/// The two sides of one call, and the agents of both.
struct CallPair {
    let psk: PreSharedKey
    let caller: Call
    let callee: Call
    let seed: UInt64

    init(
        caller: [Candidate], _ callerKind: NATKind = .none, callerFlags: CallFlags = .birthday,
        callee: [Candidate], _ calleeKind: NATKind = .none, calleeFlags: CallFlags = .birthday,
        seed: UInt64 = 1
    ) {
        var entropy = SeededEntropy(seed: seed)
        psk = PreSharedKey.generate(entropy: &entropy)
        let id = CallID.random(entropy: &entropy)
        self.caller = Call(
            id: id, nat: callerKind, flags: callerFlags, candidates: CandidateList(caller))
        self.callee = Call(
            id: id, nat: calleeKind, flags: calleeFlags, candidates: CandidateList(callee))
        self.seed = seed
    }

    func agent(
        _ role: CallRole, policy: AddressPolicy = AddressPolicy(), now: Instant
    ) -> ProbeAgent {
        ProbeAgent(
            psk: psk, role: role, local: role == .caller ? caller : callee,
            peer: role == .caller ? callee : caller,
            sockets: [ProbeSocket(index: Int(ProbingHost.port), family: .ipv4)], policy: policy,
            entropy: SeededEntropy(seed: seed &+ (role == .caller ? 1_001 : 2_002)), now: now)
    }
}

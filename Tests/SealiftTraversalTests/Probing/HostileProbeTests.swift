import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftTraversal

@Suite("Hostile probes")
struct HostileProbeTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let own = TransportAddress.ipv4(198, 51, 100, 1)
    private let peer = TransportAddress.ipv4(198, 51, 100, 2)
    private let elsewhere = TransportAddress.ipv4(203, 0, 113, 9)
    private let pair: CallPair

    init() {
        pair = CallPair(caller: [Candidate(.host, own)], callee: [Candidate(.host, peer)])
    }

    /// What the callee writes with: what a hostile peer has.
    private var peerKey: ProbeKey {
        ProbeKey(psk: pair.psk, callID: pair.caller.id.bytes, direction: CallRole.callee.direction)
    }

    private var ownKey: ProbeKey {
        ProbeKey(psk: pair.psk, callID: pair.caller.id.bytes, direction: CallRole.caller.direction)
    }

    private func probe(_ sequence: UInt32) -> [UInt8] {
        ProbeDatagram(probe: sequence, nonce: 7).encoded(key: peerKey)
    }

    @discardableResult
    private func give(
        _ bytes: [UInt8], to agent: inout ProbeAgent, from source: TransportAddress,
        socket: Int = Int(ProbingHost.port), after delay: Duration = .zero
    ) -> Bool {
        bytes.withUnsafeBytes {
            agent.receive($0, socket: socket, from: source, now: start + delay)
        }
    }

    /// The caller's agent, with its first probe.
    private func begun() throws -> (agent: ProbeAgent, probe: Probe) {
        var agent = pair.agent(.caller, now: start)
        agent.handleTimeout(now: start)
        let probe = agent.pollTransmit()
        return (agent, try #require(probe))
    }

    private func runOut(_ agent: inout ProbeAgent) -> [Probe] {
        var probes: [Probe] = []
        while let due = agent.nextTimeout {
            agent.handleTimeout(now: due)
            while let probe = agent.pollTransmit() { probes.append(probe) }
        }
        return probes
    }

    @Test("of strangers, or altered at any bit, get no reply and change nothing")
    func forged() throws {
        var (agent, _) = try begun()
        let due = agent.nextTimeout
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<1_000 {
            var bytes = generator.bytes(ProbeDatagram.byteCount)
            bytes[0] = 0xE4
            #expect(!give(bytes, to: &agent, from: peer))
        }
        let honest = probe(0)
        for bit in 0..<(honest.count * 8) {
            var bytes = honest
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            give(bytes, to: &agent, from: peer)
        }
        for length in [0, 1, 17, 63] { give(Array(honest[..<length]), to: &agent, from: peer) }
        give(honest + [0], to: &agent, from: peer)
        #expect(agent.pollTransmit() == nil && agent.pollEvent() == nil)
        #expect(agent.nextTimeout == due)
        // The honest one still counts.
        #expect(give(honest, to: &agent, from: peer) && agent.pollTransmit() != nil)
    }

    @Test("that come again, from anywhere, get no second reply and no probe")
    func replayed() throws {
        var (agent, _) = try begun()
        give(probe(4), to: &agent, from: peer)
        #expect(agent.pollTransmit()?.destination == peer)
        give(probe(4), to: &agent, from: peer)
        give(probe(4), to: &agent, from: elsewhere)
        #expect(agent.pollTransmit() == nil)
        #expect(!runOut(&agent).contains { $0.destination == elsewhere })
    }

    @Test("turned back at their sender are a stranger's")
    func reflected() throws {
        var (agent, probe) = try begun()
        #expect(!give(probe.bytes, to: &agent, from: peer))
        #expect(agent.pollTransmit() == nil)
    }

    @Test("of another call with the same secret are a stranger's")
    func otherCall() throws {
        var (agent, _) = try begun()
        let key = ProbeKey(
            psk: pair.psk, callID: [UInt8](repeating: 1, count: 16),
            direction: CallRole.callee.direction)
        let bytes = ProbeDatagram(probe: 0, nonce: 7).encoded(key: key)
        #expect(!give(bytes, to: &agent, from: peer))
    }

    @Test("are answered by no more bytes than they have")
    func amplification() throws {
        var (agent, _) = try begun()
        let question = probe(0)
        give(question, to: &agent, from: peer)
        #expect(agent.pollTransmit()?.bytes.count == question.count)
        #expect(agent.pollTransmit() == nil)
    }

    @Test("prove nothing by replies that guess, come from elsewhere, to another socket, or twice")
    func replies() throws {
        var (agent, sent) = try begun()
        let question = try #require(
            sent.bytes.withUnsafeBytes { ProbeDatagram($0, key: ownKey) })
        let answer = ProbeDatagram(replyTo: question, from: own).encoded(key: peerKey)
        let guess = ProbeDatagram(
            replyTo: ProbeDatagram(probe: question.sequence, nonce: question.nonce ^ 1), from: own
        ).encoded(key: peerKey)
        let future = ProbeDatagram(
            replyTo: ProbeDatagram(probe: .max, nonce: question.nonce), from: own
        ).encoded(key: peerKey)
        let ownAnswer = ProbeDatagram(replyTo: question, from: own).encoded(key: ownKey)
        for bytes in [guess, future, ownAnswer] { give(bytes, to: &agent, from: peer) }
        give(answer, to: &agent, from: elsewhere)
        give(answer, to: &agent, from: peer, socket: 1)
        #expect(agent.pollEvent() == nil)
        give(answer, to: &agent, from: peer, after: .milliseconds(30))
        give(answer, to: &agent, from: peer, after: .milliseconds(31))
        guard case .validated(let path) = agent.pollEvent() else {
            Issue.record("the right reply proves the path")
            return
        }
        #expect(path.address == peer && path.rtt == .milliseconds(30))
        #expect(agent.pollEvent() == nil)
    }

    /// All addresses of a hostile list lie on our own network, and each revision has sixteen others.
    @Test("of a list that points into our network reach sixteen addresses, ten times each, in all")
    func scanning() {
        let scan = (0..<40).map { revision in
            Call(
                id: pair.caller.id, revision: UInt16(revision), nat: .none,
                candidates: CandidateList(
                    (0..<16).map {
                        Candidate(.host, .ipv4(192, 168, UInt8(revision), UInt8($0)))
                    }))
        }
        var agent = ProbeAgent(
            psk: pair.psk, role: .callee, local: pair.callee, peer: scan[0],
            sockets: [ProbeSocket(index: 0, family: .ipv4)], entropy: SeededEntropy(seed: 1),
            now: start)
        for call in scan { agent.update(peer: call, now: start) }
        var probes = runOut(&agent)
        for call in scan { agent.update(peer: call, now: start + .seconds(21)) }
        probes += runOut(&agent)
        #expect(Set(probes.map(\.destination)).count == 16)
        #expect(probes.count == 160)
    }

    @Test("of a peer that floods from everywhere leave a bounded trace, and bounded replies")
    func flood() throws {
        var (agent, _) = try begun()
        var replies = 0
        var destinations: Set<TransportAddress> = []
        for number in 0..<20_000 {
            let source = TransportAddress.ipv4(
                203, 0, UInt8(number % 200), UInt8(number / 200 % 250))
            // Twenty thousand in ten seconds.
            let delay = Duration.microseconds(500 * number)
            give(probe(UInt32(number)), to: &agent, from: source, after: delay)
            if let due = agent.nextTimeout, due <= start + delay {
                agent.handleTimeout(now: start + delay)
            }
            while let datagram = agent.pollTransmit() {
                if datagram.bytes[0] == ProbeDatagram.Kind.reply.rawValue {
                    replies += 1
                } else {
                    destinations.insert(datagram.destination)
                }
            }
        }
        #expect(replies <= 32 + 10 * 200)
        #expect(destinations.count <= 16 + ProbeLimits.observedAddresses)
        #expect(agent.probesSent <= 10 * 32)
        // A driver that does not fetch them does not let them pile up.
        for number in 20_000..<30_000 {
            give(probe(UInt32(number)), to: &agent, from: peer, after: .seconds(number))
        }
        var waiting = 0
        while agent.pollTransmit() != nil { waiting += 1 }
        #expect(waiting <= ProbeLimits.waitingDatagrams)
    }

    @Test("from where the user wants no contact, or from a service's port, are not answered")
    func sources() throws {
        let range = try #require(
            AddressRange(bytes: [203, 0, 113, 0] as [UInt8], prefixLength: 24))
        let scene = CallPair(
            caller: [Candidate(.host, own)],
            callee: [Candidate(.host, elsewhere), Candidate(.host, peer)])
        var agent = scene.agent(.caller, policy: AddressPolicy(denied: [range]), now: start)
        let key = ProbeKey(
            psk: scene.psk, callID: scene.caller.id.bytes, direction: CallRole.callee.direction)
        let sources = [
            elsewhere, .ipv4(127, 0, 0, 1), .ipv4(224, 0, 0, 1), .ipv4(198, 51, 100, 2, port: 53),
        ]
        for (number, source) in sources.enumerated() {
            let bytes = ProbeDatagram(probe: UInt32(number), nonce: 1).encoded(key: key)
            #expect(give(bytes, to: &agent, from: source))
            #expect(agent.pollTransmit() == nil)
        }
        #expect(Set(runOut(&agent).map(\.destination)) == [peer])
    }

    @Test("are not changed by an older revision, nor by a call of another id")
    func revisions() {
        func call(_ revision: UInt16, _ last: UInt8, id: CallID) -> Call {
            Call(
                id: id, revision: revision, nat: .none,
                candidates: CandidateList([Candidate(.host, .ipv4(203, 0, 113, last))]))
        }
        var agent = ProbeAgent(
            psk: pair.psk, role: .caller, local: pair.caller,
            peer: call(5, 1, id: pair.caller.id),
            sockets: [ProbeSocket(index: 0, family: .ipv4)], entropy: SeededEntropy(seed: 1),
            now: start)
        var entropy = SeededEntropy(seed: 99)
        agent.update(peer: call(4, 2, id: pair.caller.id), now: start)
        agent.update(peer: call(5, 3, id: pair.caller.id), now: start)
        agent.update(peer: call(9, 4, id: CallID.random(entropy: &entropy)), now: start)
        agent.update(peer: call(6, 5, id: pair.caller.id), now: start)
        let destinations = Set(runOut(&agent).map(\.destination))
        #expect(destinations == [.ipv4(203, 0, 113, 1), .ipv4(203, 0, 113, 5)])
    }

    @Test("at ports by chance go to one address, which no revision changes, and to no private one")
    func birthdayTarget() {
        func call(_ revision: UInt16, _ address: TransportAddress) -> Call {
            Call(
                id: pair.caller.id, revision: revision, nat: .endpointDependent,
                candidates: CandidateList([Candidate(.reflexive, address)]))
        }
        let local = Call(
            id: pair.caller.id, nat: .endpointIndependent, candidates: CandidateList([]))
        func agent(_ address: TransportAddress) -> ProbeAgent {
            ProbeAgent(
                psk: pair.psk, role: .caller, local: local, peer: call(0, address),
                sockets: [ProbeSocket(index: 0, family: .ipv4)], entropy: SeededEntropy(seed: 1),
                now: start)
        }
        var probing = agent(elsewhere)
        while let due = probing.nextTimeout, due < start + .seconds(3) {
            probing.handleTimeout(now: due)
            while probing.pollTransmit() != nil {}
        }
        probing.update(peer: call(1, peer), now: start + .seconds(3))
        let probes = runOut(&probing)
        let guesses = probes.filter { $0.destination != peer && $0.destination != elsewhere }
        #expect(guesses.allSatisfy { $0.destination.bytes == elsewhere.bytes })
        #expect(guesses.allSatisfy { $0.destination.port >= 1_024 })
        #expect(Set(guesses.map(\.destination)).count == guesses.count)
        #expect((3_000...4_000).contains(guesses.count))
        #expect(probing.probesSent <= 20 * 200 + 1)

        var aimed = agent(.ipv4(192, 168, 1, 1))
        #expect(runOut(&aimed).isEmpty)
    }

    @Test("and what makes them show nothing of the secret")
    func secrets() {
        #expect("\(peerKey)" == "<secret>")
        var text = ""
        dump(peerKey, to: &text)
        #expect(!text.contains(Hexadecimal.encode(pair.psk.secret.withUnsafeBytes { Array($0) })))
    }
}

import SealiftBase
import SealiftCrypto
import SealiftTraversal

extension FuzzTarget {
    /// Datagrams to a probing end: of strangers, of the network, and of a peer that holds the keys.
    ///
    /// Nothing is proven but by a reply with the nonce of a probe that went there; there is one reply to
    /// one probe at most, of its size; and the addresses that are probed stay few.
    static let probes = FuzzTarget("probes", maximumLength: 4_096, seeds: ProbesRun.seeds) {
        input throws(BrokenRule) in
        var run = ProbesRun()
        while !input.isAtEnd { try run.step(&input) }
    }
}

private struct ProbesRun {
    private enum Step: UInt8, CaseIterable {
        case raw, forgedProbe, forgedReply, honestReply, repeated, timePasses, revision, sockets
    }

    private static let psk = HandshakeRig.shared.psk
    private static let call = sampleCall(id: 1, revision: 0, addresses: [[192, 168, 1, 5]])
    private static let peer = sampleCall(
        id: 1, revision: 0, addresses: [[192, 168, 1, 6], [198, 51, 100, 7]])
    private static let peerKey = ProbeKey(
        psk: psk, callID: call.id.bytes, direction: CallRole.callee.direction)

    private var agent: ProbeAgent
    private var now = Instant(nanoseconds: 1_000_000_000)
    /// Our probes, which an honest peer would have seen.
    private var probes: [Probe] = []
    private var destinations: Set<TransportAddress> = []
    private var targets: Set<[UInt8]> = []
    private var last: [UInt8] = []
    private var mayProve = false

    init() {
        // The peer's NAT is hard and ours is not: birthday probing is within reach.
        let local = Call(
            id: Self.call.id, nat: .endpointIndependent, candidates: Self.call.candidates)
        agent = ProbeAgent(
            psk: Self.psk, role: .caller, local: local, peer: Self.peer,
            sockets: [
                ProbeSocket(index: 0, family: .ipv4), ProbeSocket(index: 1, family: .ipv6),
            ], entropy: SeededEntropy(seed: 5), now: now)
    }

    mutating func step(_ input: inout FuzzInput) throws(BrokenRule) {
        mayProve = false
        switch Step.allCases[input.choice(Step.allCases.count)] {
        case .raw: try give(input.run(atMost: 80), from: source(&input))
        case .forgedProbe: try give(sealed(0xE4, input.filled(31)), from: source(&input))
        case .forgedReply: try give(sealed(0xE5, input.filled(31)), from: source(&input))
        case .honestReply:
            guard !probes.isEmpty else { return }
            let probe = probes[input.short() % probes.count]
            // sequence and nonce of the probe, then an IPv4 address.
            let body =
                Array(probe.bytes[17..<29]) + [4, 198, 51, 100, 1]
                + [UInt8](repeating: 0, count: 12) + [0x9C, 0x40]
            mayProve = true
            try give(sealed(0xE5, body), from: probe.destination, socket: probe.socket)
        case .repeated: try give(last, from: source(&input))
        case .timePasses:
            let end = now + .milliseconds(Int64(input.short() % 4_000))
            while let due = agent.nextTimeout, due <= end {
                now = max(now, due)
                agent.handleTimeout(now: now)
                try demand((agent.nextTimeout ?? .distantFuture) > now, "a timer stands still")
                try drain(replyTo: nil)
            }
            now = end
        case .revision:
            let addresses = (0..<input.choice(17)).map { _ in input.filled(4) }
            let call = sampleCall(
                id: 1, revision: UInt16(input.byte()), addresses: addresses)
            agent.update(peer: call, now: now)
        case .sockets:
            agent.addBirthdaySockets(
                (0..<input.choice(256)).map { ProbeSocket(index: $0, family: .ipv4) }, now: now)
        }
    }

    /// A datagram with the tag and mac of the peer around `body`.
    private func sealed(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        let bytes = [type] + Self.peerKey.tag.bytes + body
        return bytes + Self.peerKey.mac(over: bytes)
    }

    private func source(_ input: inout FuzzInput) -> TransportAddress {
        let choice = input.byte()
        if choice < 128, !probes.isEmpty {
            return probes[Int(choice) % probes.count].destination
        }
        let bytes = input.filled(choice.isMultiple(of: 2) ? 4 : 16)
        guard let address = TransportAddress(bytes: bytes, port: UInt16(input.short())) else {
            preconditionFailure("4 or 16 bytes are an address")
        }
        return address
    }

    private mutating func give(
        _ datagram: [UInt8], from source: TransportAddress, socket: Int = 0
    ) throws(BrokenRule) {
        last = datagram
        let isOurs = datagram.withUnsafeBytes {
            agent.receive($0, socket: socket, from: source, now: now)
        }
        if !isOurs { try demand(agent.pollTransmit() == nil, "a stranger got a reply") }
        try drain(replyTo: source)
    }

    private mutating func drain(replyTo source: TransportAddress?) throws(BrokenRule) {
        var replies = 0
        while let datagram = agent.pollTransmit() {
            try demand(datagram.bytes.count == 64, "a datagram has another size")
            if datagram.bytes[0] == 0xE5 {
                replies += 1
                try demand(datagram.destination == source, "a reply went elsewhere")
                continue
            }
            probes.append(datagram)
            destinations.insert(datagram.destination)
            targets.insert(datagram.destination.bytes)
        }
        try demand(replies <= 1, "several replies to one datagram")
        try demand(targets.count <= 32, "many machines are probed")
        try demand(agent.probesSent <= 4_400, "probing does not end")
        while let event = agent.pollEvent() {
            guard case .validated(let path) = event else { continue }
            try demand(mayProve, "a path was proven without a right reply")
            try demand(destinations.contains(path.address), "a path to where no probe went")
        }
    }

    static func seeds() -> [[UInt8]] {
        let second: [UInt8] = [Step.timePasses.rawValue, 3, 0xE8]
        return [
            second + [Step.honestReply.rawValue, 0, 0] + second,
            [Step.forgedProbe.rawValue] + [UInt8](repeating: 0, count: 31) + [200, 203, 0, 113, 9]
                + [0x9C, 0x40] + second,
            second + second + second + [Step.honestReply.rawValue, 1, 0] + second,
            [Step.revision.rawValue, 3] + [UInt8](repeating: 9, count: 12) + [7] + second,
            second + [Step.sockets.rawValue, 255] + second + [Step.repeated.rawValue, 0],
            second + [Step.forgedReply.rawValue] + [UInt8](repeating: 0, count: 31) + [0],
            seed {
                $0.write(Step.raw.rawValue)
                $0.writeRun([UInt8](repeating: 0xE4, count: 64))
                $0.write(UInt8(0))
            },
        ]
    }
}

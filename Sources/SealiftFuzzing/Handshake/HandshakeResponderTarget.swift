import SealiftBase
import SealiftCrypto

extension FuzzTarget {
    /// The first thing a stranger reaches: datagrams to a waiting end, with and without the secret.
    ///
    /// Answers never outweigh questions, half-open handshakes stay few, and a session comes only of
    /// what an honest initiator wrote, unaltered.
    static let handshakeResponder = FuzzTarget(
        "handshake-responder", maximumLength: 4_096, seeds: HandshakeResponderRun.seeds
    ) { input throws(BrokenRule) in
        var run = HandshakeResponderRun(rig: .shared)
        while !input.isAtEnd { try run.step(&input) }
    }
}

private struct HandshakeResponderRun {
    private enum Step: UInt8, CaseIterable {
        case raw, forgedFirst, forgedThird, honestFirst, alteredFirst, honestThird, alteredThird
        case damaged, hostileKey, wait, again
    }

    private let rig: HandshakeRig
    private var responder: HandshakeResponder
    private var initiators: [HandshakeInitiator]
    private var now = Instant.zero
    /// What was given to the responder; the latest 32.
    private var said: [[UInt8]] = []
    private var bytesIn = 0
    private var bytesOut = 0
    /// Message 3 of the initiators that got an answer they accept.
    private var finals: [(flight: [[UInt8]], hash: [UInt8])] = []
    private var hashesSeen: Set<[UInt8]> = []

    init(rig: HandshakeRig) {
        self.rig = rig
        responder = rig.responder
        initiators = rig.initiators
    }

    mutating func step(_ input: inout FuzzInput) throws(BrokenRule) {
        switch Step.allCases[input.choice(Step.allCases.count)] {
        case .raw: try give(input.run())
        case .forgedFirst: try give(rig.forged(.first, &input))
        case .forgedThird: try give(rig.forged(.third, &input))
        case .honestFirst: try give(fragment(&input))
        case .alteredFirst:
            let datagram = fragment(&input)
            try give(rig.remade(datagram, place: input.short(), change: input.byte()))
        case .honestThird:
            guard let final = final(&input) else { return }
            try give(final)
        case .alteredThird:
            guard let final = final(&input) else { return }
            let (place, change) = (input.short(), input.byte())
            // Only what is unaltered may be accepted; the rig has one message 3 per handshake.
            try give(rig.remade(final, place: place, change: change), mayEstablish: change == 0)
        case .damaged:
            var datagram = fragment(&input)
            datagram[input.short() % datagram.count] ^= max(1, input.byte())
            let places = responder.halfOpenCount
            try give(datagram, mayBeAnswered: false)
            try demand(responder.halfOpenCount == places, "a damaged datagram took a place")
        case .hostileKey:
            guard let initiator = rig.hostileInitiator(&input) else { return }
            for datagram in initiator.firstFlight { try give(datagram) }
        case .wait:
            now += .milliseconds(1 << input.choice(14))
            responder.handleTimeout(now: now)
        case .again:
            guard !said.isEmpty else { return }
            try give(said[input.choice(said.count)])
        }
    }

    private func fragment(_ input: inout FuzzInput) -> [UInt8] {
        let flight = initiators[input.choice(initiators.count)].firstFlight
        return flight[input.choice(flight.count)]
    }

    private func final(_ input: inout FuzzInput) -> [UInt8]? {
        guard !finals.isEmpty else { return nil }
        return finals[input.choice(finals.count)].flight.first
    }

    private mutating func give(
        _ datagram: [UInt8], mayBeAnswered: Bool = true, mayEstablish: Bool = true
    ) throws(BrokenRule) {
        if said.count < 32 { said.append(datagram) }
        bytesIn += datagram.count
        let outcome = datagram.withUnsafeBytes { responder.receive($0, now: now) }
        switch outcome {
        case .ignored: break
        case .reply(let reply):
            try demand(mayBeAnswered, "a damaged datagram was answered")
            bytesOut += reply.reduce(0) { $0 + $1.count }
            try demand(bytesOut <= bytesIn, "more was answered than asked")
            meet(reply)
        case .established(let session):
            try demand(mayBeAnswered && mayEstablish, "an altered message 3 was accepted")
            try demand(
                finals.contains { $0.hash == session.handshakeHash },
                "a session came of what nobody wrote")
            try demand(
                hashesSeen.insert(session.handshakeHash).inserted, "a session came twice")
            try demand(session.peer == rig.receiver.publicKeys, "a session with somebody else")
        }
        try demand(responder.halfOpenCount <= 2, "too many handshakes are half-open")
        try demand(
            (responder.nextTimeout == nil) == (responder.halfOpenCount == 0),
            "a half-open handshake has no deadline, or a deadline no handshake")
        if let timeout = responder.nextTimeout {
            try demand(timeout - now <= .seconds(3), "a handshake is half-open for too long")
        }
    }

    /// Lets the initiators see an answer, as a network would.
    private mutating func meet(_ reply: [[UInt8]]) {
        for index in initiators.indices {
            if let (session, flight) = initiators[index].session(from: reply) {
                finals.append((flight, session.handshakeHash))
            }
        }
    }

    /// Whole handshakes, a replay after its time, and one thing of each kind.
    static func seeds() -> [[UInt8]] {
        func honest(_ index: UInt8) -> [UInt8] {
            let first = Step.honestFirst.rawValue
            return [first, index, 0, first, index, 1]
        }
        let final = [Step.honestThird.rawValue, 0]
        let wait: [UInt8] = [Step.wait.rawValue, 12]
        return [
            honest(0) + final,
            honest(0) + honest(1) + honest(2) + wait + honest(3) + final,
            honest(0) + final + honest(0) + final + [Step.again.rawValue, 0],
            honest(1) + [Step.alteredThird.rawValue, 0, 0, 9, 1] + final,
            [Step.alteredFirst.rawValue, 0, 0, 2, 200, 7, Step.honestFirst.rawValue, 0, 1],
            [Step.damaged.rawValue, 0, 1, 0, 30, 1],
            [Step.hostileKey.rawValue, 0, 1, 0, 2, 255, 255, 5],
            [Step.forgedFirst.rawValue, 0x02, 1] + [UInt8](repeating: 9, count: 752)
                + [Step.forgedFirst.rawValue, 0x12, 1] + [UInt8](repeating: 0, count: 752),
            [Step.forgedThird.rawValue, 0x01, 1] + [UInt8](repeating: 3, count: 320),
            seed {
                $0.write(Step.raw.rawValue)
                $0.writeRun(HandshakeRig.shared.initiators.first?.firstFlight.first ?? [])
            },
        ]
    }
}

import SealiftBase
import SealiftCrypto

extension FuzzTarget {
    /// Answers to a dialing end: of strangers, of the network, of somebody with the secret.
    ///
    /// A session comes only of an answer that a responder wrote for this very handshake, once, and
    /// only with the device that the ticket names; message 1 never changes.
    static let handshakeInitiator = FuzzTarget(
        "handshake-initiator", maximumLength: 4_096, seeds: HandshakeInitiatorRun.seeds
    ) { input throws(BrokenRule) in
        var run = HandshakeInitiatorRun(rig: .shared)
        while !input.isAtEnd { try run.step(&input) }
    }
}

private struct HandshakeInitiatorRun {
    private enum Step: UInt8, CaseIterable {
        case raw, forged, honest, altered, damaged, otherHandshake, hostileCiphertext
    }

    /// What the responder answered to each of the rig's initiators.
    private static let answers: [[[UInt8]]] = HandshakeRig.shared.initiators.map { initiator in
        var responder = HandshakeRig.shared.responder
        return reply(of: &responder, to: initiator.firstFlight)
    }

    private let rig: HandshakeRig
    private var initiator: HandshakeInitiator
    private let firstFlight: [[UInt8]]
    private var isEstablished = false

    init(rig: HandshakeRig) {
        self.rig = rig
        initiator = rig.initiators[0]
        firstFlight = initiator.firstFlight
    }

    private static func reply(
        of responder: inout HandshakeResponder, to flight: [[UInt8]]
    ) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for datagram in flight {
            let outcome = datagram.withUnsafeBytes { responder.receive($0, now: .zero) }
            if case .reply(let reply) = outcome { result = reply }
        }
        return result
    }

    mutating func step(_ input: inout FuzzInput) throws(BrokenRule) {
        switch Step.allCases[input.choice(Step.allCases.count)] {
        case .raw: try give(input.run())
        case .forged: try give(rig.forged(.second, &input))
        case .honest: try give(Self.answers[0][input.choice(2)], mayEstablish: true)
        case .altered:
            let datagram = Self.answers[0][input.choice(2)]
            let (place, change) = (input.short(), input.byte())
            try give(rig.remade(datagram, place: place, change: change), mayEstablish: true)
        case .damaged:
            var datagram = Self.answers[0][input.choice(2)]
            datagram[input.short() % datagram.count] ^= max(1, input.byte())
            try give(datagram)
        case .otherHandshake:
            let other = 1 + input.choice(Self.answers.count - 1)
            try give(Self.answers[other][input.choice(2)])
        case .hostileCiphertext:
            let kem = HostileEncapsulation(place: input.short(), bytes: input.run(atMost: 64))
            var responder = HandshakeResponder(
                local: rig.sender, encapsulation: kem, entropy: SeededEntropy(seed: 77))
            responder.accept(rig.psk, role: .ticket)
            for datagram in Self.reply(of: &responder, to: firstFlight) {
                try give(datagram, mayEstablish: true)
            }
        }
    }

    private mutating func give(
        _ datagram: [UInt8], mayEstablish: Bool = false
    ) throws(BrokenRule) {
        let outcome: HandshakeInitiator.OnDatagram
        do throws(HandshakeError) {
            outcome = try initiator.answer(to: datagram)
        } catch {
            try demand(error != .localMisuse, "an answer was taken for a mistake of our own")
            return
        }
        switch outcome {
        case .ignored: break
        case .waiting: try demand(!isEstablished, "a finished handshake waits")
        case .established(let session, let final):
            try demand(mayEstablish, "an answer that nobody wrote for us was accepted")
            try demand(!isEstablished, "a handshake was finished twice")
            isEstablished = true
            try demand(session.peer == rig.sender.publicKeys, "a session with somebody else")
            try demand(final.map(\.count) == [362], "message 3 has another size")
        }
        try demand(initiator.firstFlight == firstFlight, "message 1 changed")
    }

    static func seeds() -> [[UInt8]] {
        let honest: [UInt8] = [Step.honest.rawValue, 0, Step.honest.rawValue, 1]
        return [
            honest, honest + honest,
            [Step.altered.rawValue, 0, 0, 100, 1] + honest,
            [Step.altered.rawValue, 1, 1, 200, 1, Step.honest.rawValue, 0] + honest,
            [Step.damaged.rawValue, 0, 1, 0, 1] + honest,
            [Step.otherHandshake.rawValue, 0, 0, Step.otherHandshake.rawValue, 0, 1] + honest,
            [Step.hostileCiphertext.rawValue, 0, 5, 0, 1, 77] + honest,
            [Step.hostileCiphertext.rawValue, 0, 0, 0, 0],
            [Step.forged.rawValue, 0x02, 1] + [UInt8](repeating: 9, count: 728),
            seed {
                $0.write(Step.raw.rawValue)
                $0.writeRun(answers.first?.first ?? [])
            },
        ]
    }
}

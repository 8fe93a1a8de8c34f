import SealiftBase
import SealiftTestSupport
import Testing

@testable import SealiftCrypto

@Suite("A handshake under attack")
struct HandshakeAttackTests {
    /// The five datagrams of a whole handshake, and the session at each end.
    private struct Recording {
        let first: [[UInt8]]
        let second: [[UInt8]]
        let final: [[UInt8]]

        init(_ pair: inout HandshakePair) throws {
            first = pair.initiator.firstFlight
            let reply = pair.secondFlight()
            second = try #require(reply)
            (_, final) = try #require(try pair.initiator.session(from: second))
            #expect(pair.responder.session(from: final) != nil)
        }

        var all: [[UInt8]] { first + second + final }
    }

    /// Gives everything recorded to both ends; neither may take anything of it.
    private func replay(_ recording: Recording, into pair: inout HandshakePair) throws {
        for datagram in recording.all {
            guard case .ignored = pair.responder.receive(datagram),
                case .ignored = try pair.initiator.receive(datagram)
            else {
                Issue.record("a replayed \(String(datagram[0], radix: 16)) was used")
                return
            }
        }
    }

    @Test("whatever was said in a handshake does nothing at any point of the next")
    func replayEverywhere() throws {
        var pair = try HandshakePair()
        let recording = try Recording(&pair)
        pair.initiator = try pair.anotherInitiator()
        try replay(recording, into: &pair)
        var reply: [[UInt8]]?
        for datagram in pair.initiator.firstFlight {
            reply = pair.responder.reply(to: [datagram]) ?? reply
            try replay(recording, into: &pair)
        }
        var established: (EstablishedSession, [[UInt8]])?
        for datagram in try #require(reply) {
            established = try pair.initiator.session(from: [datagram]) ?? established
            try replay(recording, into: &pair)
        }
        let (left, final) = try #require(established)
        let session = pair.responder.session(from: final)
        let right = try #require(session)
        #expect(left.handshakeHash == right.handshakeHash)
        try replay(recording, into: &pair)
        #expect(pair.responder.halfOpenCount == 0)
        // And when its time is long over.
        pair.responder.handleTimeout(now: .zero + .seconds(3_600))
        try replay(recording, into: &pair)
    }

    @Test("message 3 ahead of its time does nothing, and counts when its time has come")
    func messagesOutOfOrder() throws {
        var pair = try HandshakePair()
        var twin = pair
        let final = try Recording(&twin).final
        let first = pair.initiator.firstFlight
        #expect(pair.responder.session(from: final) == nil)
        #expect(pair.responder.reply(to: [first[1]]) == nil)
        #expect(pair.responder.session(from: final) == nil)
        let reply = pair.responder.reply(to: [first[0]])
        // Another responder's answer leads to another message 3: the twin's is not for this one.
        #expect(pair.responder.session(from: final) == nil)
        let second = try #require(reply)
        let (left, ownFinal) = try #require(try pair.initiator.session(from: second.reversed()))
        let session = pair.responder.session(from: ownFinal)
        #expect(session?.handshakeHash == left.handshakeHash)
    }

    @Test("whichever datagrams are lost, the ends never hold different sessions")
    func everyLoss() throws {
        for lost in UInt8(0)..<32 {
            var pair = try HandshakePair(seed: 100 + UInt64(lost))
            func kept(_ flight: [[UInt8]], from index: Int) -> [[UInt8]] {
                flight.indices.filter { lost >> UInt8(index + $0) & 1 == 0 }.map { flight[$0] }
            }
            let reply = pair.responder.reply(to: kept(pair.initiator.firstFlight, from: 0)) ?? []
            #expect(reply.isEmpty == (lost & 0b11 != 0))
            let left = try pair.initiator.session(from: kept(reply, from: 2))
            #expect((left == nil) == (lost & 0b1111 != 0))
            let right = pair.responder.session(from: kept(left?.1 ?? [], from: 4))
            #expect((right == nil) == (lost != 0))
            if let right { #expect(right.handshakeHash == left?.0.handshakeHash) }
        }
    }

    @Test("halves of two handshakes put together are nobody's handshake, even with right macs")
    func splicedFragments() throws {
        var pair = try HandshakePair()
        let other = try pair.anotherInitiator().firstFlight
        let own = pair.initiator.firstFlight
        func fragment(_ datagram: [UInt8]) -> ArraySlice<UInt8> {
            datagram[26..<(datagram.count - 16)]
        }
        for (index, spliced) in [(0, other[0]), (1, other[1])] {
            var responder = pair.responder
            var flight = own
            flight[index] = HandshakeDatagram.datagram(
                of: .first, fragment: UInt8(index << 4 | 2), fragment(spliced),
                handshakeID: own[0][17..<25].reduce(0) { $0 << 8 | HandshakeID($1) }, key: pair.psk,
                hour: 0)
            #expect(responder.reply(to: flight) == nil)
            #expect(responder.halfOpenCount == 0)
        }
    }

    @Test("a fragment inserted by somebody with the secret spoils one handshake, not the next")
    func insertedFragment() throws {
        var pair = try HandshakePair()
        let first = pair.initiator.firstFlight
        let forged = HandshakeDatagram.datagram(
            of: .first, fragment: 0x02, [UInt8](repeating: 0, count: 752),
            handshakeID: first[0][17..<25].reduce(0) { $0 << 8 | HandshakeID($1) }, key: pair.psk,
            hour: 0)
        #expect(pair.responder.reply(to: [forged] + first) == nil)
        #expect(pair.responder.halfOpenCount == 0)
        pair.initiator = try pair.anotherInitiator()
        #expect(try pair.establish() != nil)
    }

    @Test("fragments with a wrong index, count or size are nothing, even with a right mac")
    func malformedFragments() throws {
        var pair = try HandshakePair()
        for message in HandshakeMessage.allCases {
            for fragment in UInt8.min...UInt8.max {
                let isRight =
                    fragment & 15 == message.fragmentCount
                    && fragment >> 4 < message.fragmentCount
                for size in [0, message.fragmentSize - 1, message.fragmentSize + 1] {
                    try expectIgnored(message, fragment, size, &pair)
                }
                if !isRight { try expectIgnored(message, fragment, message.fragmentSize, &pair) }
            }
        }
        #expect(pair.responder.halfOpenCount == 0 && pair.responder.rememberedCount == 0)
    }

    private func expectIgnored(
        _ message: HandshakeMessage, _ fragment: UInt8, _ size: Int, _ pair: inout HandshakePair
    ) throws {
        let datagram = HandshakeDatagram.datagram(
            of: message, fragment: fragment, [UInt8](repeating: 1, count: size), handshakeID: 5,
            key: pair.psk, hour: 0)
        guard case .ignored = pair.responder.receive(datagram),
            case .ignored = try pair.initiator.receive(datagram)
        else {
            Issue.record("\(message) \(fragment) of \(size) bytes was used")
            return
        }
    }

    @Test("an end's own datagrams, turned back at it, do nothing")
    func reflection() throws {
        var pair = try HandshakePair()
        for datagram in pair.initiator.firstFlight {
            guard case .ignored = try pair.initiator.receive(datagram) else {
                Issue.record("message 1 was used by its writer")
                return
            }
        }
        let reply = pair.secondFlight()
        let second = try #require(reply)
        for datagram in second {
            guard case .ignored = pair.responder.receive(datagram) else {
                Issue.record("message 2 was used by its writer")
                return
            }
        }
        #expect(try pair.initiator.session(from: second) != nil)
    }

    @Test("a secret of one ticket opens nothing of another, nor of another role")
    func crossedSecrets() throws {
        var pair = try HandshakePair()
        let other = PreSharedKey.generate(entropy: &pair.entropy)
        pair.responder.accept(other, role: .ticket)
        // The tag of a ticket in front of datagrams made under another's secret.
        let tag = other.tag(direction: .initiatorToResponder).bytes
        for datagram in pair.initiator.firstFlight {
            guard case .ignored = pair.responder.receive([0xE1] + tag + datagram[17...]) else {
                Issue.record("another ticket's datagram was used")
                return
            }
        }
        #expect(pair.responder.halfOpenCount == 0)
        for role in SessionRole.allCases where role != .ticket {
            var responder = pair.responder
            let initiator = try HandshakeInitiator(
                psk: pair.psk, role: role, local: pair.receiver, expectedPeer: nil,
                entropy: &pair.entropy)
            #expect(responder.reply(to: initiator.firstFlight) == nil)
            #expect(responder.halfOpenCount == 0)
        }
    }

    @Test(
        "an encapsulation key that is none is refused without a place", arguments: [0, 700, 1_149])
    func badEncapsulationKey(place: Int) throws {
        struct Spoiled: KeyEncapsulation {
            let place: Int
            func encapsulationKey(of seed: SecretBytes) throws(KeyEncapsulationError) -> [UInt8] {
                var key = try MLKEM768KeyEncapsulation().encapsulationKey(of: seed)
                for index in place..<(place + 3) { key[index] = 0xFF }
                return key
            }
            func encapsulate(to key: [UInt8]) throws(KeyEncapsulationError) -> Encapsulation {
                try MLKEM768KeyEncapsulation().encapsulate(to: key)
            }
            func decapsulate(
                _ ciphertext: [UInt8], with seed: SecretBytes
            ) throws(KeyEncapsulationError) -> SecretBytes {
                try MLKEM768KeyEncapsulation().decapsulate(ciphertext, with: seed)
            }
        }
        var pair = try HandshakePair()
        let initiator = try HandshakeInitiator(
            psk: pair.psk, role: .ticket, local: pair.receiver, expectedPeer: nil,
            encapsulation: Spoiled(place: place), entropy: &pair.entropy)
        #expect(pair.responder.reply(to: initiator.firstFlight) == nil)
        #expect(pair.responder.halfOpenCount == 0)
        #expect(try pair.establish() != nil)
    }
}

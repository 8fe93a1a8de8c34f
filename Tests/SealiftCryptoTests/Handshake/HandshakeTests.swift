import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("A handshake between two ends")
struct HandshakeTests {
    @Test("both ends get the same session, and know each other's device")
    func establishes() throws {
        var pair = try HandshakePair()
        let (left, right) = try #require(try pair.establish())
        #expect(left.role == .initiator && right.role == .responder)
        #expect(left.peer == pair.sender.publicKeys && right.peer == pair.receiver.publicKeys)
        #expect(left.handshakeHash == right.handshakeHash && left.handshakeHash.count == 32)
        #expect(left.pskTag == right.pskTag)
        #expect(left.pskTag == pair.psk.tag(direction: .initiatorToResponder))
        let exported = left.secrets.export(label: "test", context: [1])
        #expect(exported.revealed == right.secrets.export(label: "test", context: [1]).revealed)
        #expect(exported.revealed != left.secrets.export(label: "test", context: [2]).revealed)
        #expect(
            exported.revealed != left.secrets.export(label: "tes", context: [0x74, 1]).revealed)
        var (sending, receiving) = (
            PacketProtection(session: left), PacketProtection(session: right)
        )
        let packet = try sending.sealed([1, 2, 3], number: 0)
        #expect(receiving.opened(packet)?.plaintext == [1, 2, 3])
        let answer = try receiving.sealed([4], number: 0)
        #expect(sending.opened(answer)?.plaintext == [4])
    }

    @Test(
        "either end learns what the other says it can, and which chain it has, where it names one")
    func introductions() throws {
        let heads = [UInt8(1), 2].map { SHA256Digest.hash([$0]) }
        for (near, far) in [(heads[0], heads[1]), (heads[0], .zero), (.zero, heads[1])] {
            var entropy = SeededEntropy(seed: 5)
            let (psk, one, two) = (
                PreSharedKey.generate(entropy: &entropy),
                DeviceKeyPair.generate(entropy: &entropy), DeviceKeyPair.generate(entropy: &entropy)
            )
            var initiator = try HandshakeInitiator(
                psk: psk, role: .devicePair, local: one, expectedPeer: nil,
                features: [.receipts, .dailyMailboxes], chainHead: near, entropy: &entropy)
            var responder = HandshakeResponder(
                local: two, features: [.dailyMailboxes, .listingAhead], entropy: entropy)
            responder.accept(psk, role: .devicePair)
            responder.show(chainHead: far)
            let replied = responder.reply(to: initiator.firstFlight)
            let second = try #require(replied)
            // What is shown from now on is for the next handshake.
            responder.show(chainHead: SHA256Digest.hash([3]))
            let (left, final) = try #require(try initiator.session(from: second))
            let established = responder.session(from: final)
            let right = try #require(established)
            #expect(left.features == .dailyMailboxes && right.features == .dailyMailboxes)
            let named = [near, far].map { $0 == .zero ? nil : $0 }
            #expect(left.ownChainHead == named[0] && left.peerChainHead == named[1])
            #expect(right.ownChainHead == named[1] && right.peerChainHead == named[0])
        }
    }

    @Test("datagrams have the sizes of PROTOCOL §4.2, and the answer is smaller than the question")
    func sizes() throws {
        var pair = try HandshakePair()
        let first = pair.initiator.firstFlight
        #expect(first.map(\.count) == [794, 794])
        #expect(first.map { $0[0] } == [0xE1, 0xE1] && first.map { $0[25] } == [0x02, 0x12])
        let tag = pair.psk.tag(direction: .initiatorToResponder).bytes
        #expect(first.allSatisfy { Array($0[1..<17]) == tag })
        let secondFlight = pair.secondFlight()
        let second = try #require(secondFlight)
        #expect(second.map(\.count) == [770, 770])
        #expect(second.map { $0[0] } == [0xE2, 0xE2])
        let answerTag = pair.psk.tag(direction: .responderToInitiator).bytes
        #expect(second.allSatisfy { Array($0[1..<17]) == answerTag })
        let (_, final) = try #require(try pair.initiator.session(from: second))
        #expect(final.map(\.count) == [362] && final[0][0] == 0xE3 && final[0][25] == 0x01)
        #expect(Array(final[0][1..<17]) == tag)
    }

    @Test("a message is written once: every repetition is the same bytes")
    func writtenOnce() throws {
        var pair = try HandshakePair()
        let first = pair.initiator.firstFlight
        let secondFlight = pair.secondFlight(now: .zero)
        let second = try #require(secondFlight)
        #expect(pair.initiator.firstFlight == first)
        for step in 1..<8 {
            let now = Instant.zero + .milliseconds(step * 250)
            #expect(pair.secondFlight(now: now) == second)
        }
        #expect(try pair.initiator.session(from: second) != nil)
        #expect(pair.initiator.firstFlight == first)
        // Message 2 again changes nothing any more.
        for datagram in second {
            guard case .ignored = try pair.initiator.receive(datagram) else {
                Issue.record("a repeated message 2 was used")
                return
            }
        }
    }

    @Test("fragments may come in any order, doubled, and mixed with another handshake's")
    func orders() throws {
        var pair = try HandshakePair()
        var other = try pair.anotherInitiator()
        let (a, b) = (pair.initiator.firstFlight, other.firstFlight)
        #expect(pair.responder.reply(to: [a[1], b[1], a[1], a[1]]) == nil)
        let flightA = pair.responder.reply(to: [a[0]])
        let replyA = try #require(flightA)
        let flightB = pair.responder.reply(to: [b[0]])
        let replyB = try #require(flightB)
        #expect(
            try pair.initiator.session(from: [replyB[0], replyB[1], replyA[1], replyA[1]]) == nil)
        let (left, finalA) = try #require(try pair.initiator.session(from: [replyA[0]]))
        let (leftB, finalB) = try #require(try other.session(from: replyB.reversed()))
        let rightSession = pair.responder.session(from: finalA)
        let right = try #require(rightSession)
        let sessionB = pair.responder.session(from: finalB)
        let rightB = try #require(sessionB)
        #expect(left.handshakeHash == right.handshakeHash)
        #expect(leftB.handshakeHash == rightB.handshakeHash)
        #expect(left.handshakeHash != leftB.handshakeHash)
    }

    @Test("a handshake altered at any byte, cut at any length, or with bytes added is as if unsent")
    func alterations() throws {
        var pair = try HandshakePair()
        let first = pair.initiator.firstFlight
        for datagram in first {
            for wrong in Self.damaged(datagram) {
                guard case .ignored = pair.responder.receive(wrong) else {
                    Issue.record("a damaged 0xE1 was answered")
                    return
                }
            }
            #expect(pair.responder.halfOpenCount == 0)
        }
        let secondFlight = pair.secondFlight()
        let second = try #require(secondFlight)
        for datagram in second {
            for wrong in Self.damaged(datagram) {
                guard case .ignored = try pair.initiator.receive(wrong) else {
                    Issue.record("a damaged 0xE2 was used")
                    return
                }
            }
        }
        let (left, final) = try #require(try pair.initiator.session(from: second))
        for wrong in Self.damaged(final[0]) {
            guard case .ignored = pair.responder.receive(wrong) else {
                Issue.record("a damaged 0xE3 was used")
                return
            }
        }
        let rightSession = pair.responder.session(from: final)
        let right = try #require(rightSession)
        #expect(left.handshakeHash == right.handshakeHash)
    }

    /// Every single-byte change, every shorter length, and some longer ones.
    private static func damaged(_ datagram: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for index in datagram.indices {
            var altered = datagram
            altered[index] ^= UInt8(1 << (index % 8))
            result.append(altered)
            result.append(Array(datagram[..<index]))
        }
        result.append(datagram + [0])
        result.append([0] + datagram)
        result.append(datagram + datagram)
        return result
    }

    @Test("whoever knows the secret still cannot alter a byte of messages 2 and 3")
    func alterationsByAnInsider() throws {
        var pair = try HandshakePair()
        let secondFlight = pair.secondFlight()
        let second = try #require(secondFlight)
        for index in stride(from: 0, to: HandshakeMessage.second.size, by: 7) {
            let forged = Self.forge(second, .second, alter: index, key: pair.psk)
            #expect(throws: HandshakeError.self) { try pair.initiator.session(from: forged) }
        }
        // The right message is still taken.
        let (left, final) = try #require(try pair.initiator.session(from: second))
        for index in 0..<HandshakeMessage.third.size {
            let forged = Self.forge(final, .third, alter: index, key: pair.psk)
            #expect(pair.responder.session(from: forged) == nil)
        }
        let rightSession = pair.responder.session(from: final)
        let right = try #require(rightSession)
        #expect(left.handshakeHash == right.handshakeHash)
    }

    @Test("whoever knows the secret cannot alter a byte of message 1 either")
    func firstMessageAlteredByAnInsider() throws {
        let pair = try HandshakePair()
        for index in stride(from: 0, to: HandshakeMessage.first.size, by: 5) {
            var responder = pair.responder
            let forged = Self.forge(pair.initiator.firstFlight, .first, alter: index, key: pair.psk)
            #expect(responder.reply(to: forged) == nil, "byte \(index)")
            #expect(responder.halfOpenCount == 0)
        }
    }

    /// The flight with one byte of its message changed and the macs made anew.
    private static func forge(
        _ flight: [[UInt8]], _ message: HandshakeMessage, alter index: Int, key: PreSharedKey
    ) -> [[UInt8]] {
        var bytes = flight.flatMap { $0[26..<($0.count - 16)] }
        bytes[index] ^= 0x40
        let id = flight[0][17..<25].reduce(HandshakeID(0)) { $0 << 8 | HandshakeID($1) }
        return HandshakeDatagram.datagrams(
            of: message, bytes, handshakeID: id, key: key, hour: 0)
    }

    @Test("another device than the ticket's is refused by name, before we tell who we are")
    func wrongPeer() throws {
        let wrong = try #require(DeviceFingerprint([UInt8](repeating: 1, count: 16)))
        var pair = try HandshakePair(expecting: wrong)
        let secondFlight = pair.secondFlight()
        let second = try #require(secondFlight)
        let actual = pair.sender.publicKeys.id.fingerprint
        #expect(throws: HandshakeError.wrongPeer(actual)) {
            try pair.initiator.session(from: second)
        }
    }

    @Test("another role or another secret gets no answer")
    func wrongRoleOrSecret() throws {
        var pair = try HandshakePair()
        let otherRole = try HandshakeInitiator(
            psk: pair.psk, role: .devicePair, local: pair.receiver, expectedPeer: nil,
            entropy: &pair.entropy)
        #expect(pair.responder.reply(to: otherRole.firstFlight) == nil)
        let stranger = try HandshakeInitiator(
            psk: .generate(entropy: &pair.entropy), role: .ticket, local: pair.receiver,
            expectedPeer: nil, entropy: &pair.entropy)
        #expect(pair.responder.reply(to: stranger.firstFlight) == nil)
        #expect(pair.responder.halfOpenCount == 0)
    }

    @Test("with a deterministic key encapsulation the whole handshake replays from its seed")
    func replaysFromSeed() throws {
        func run() throws -> [[UInt8]] {
            var entropy = SeededEntropy(seed: 77)
            let psk = PreSharedKey.generate(entropy: &entropy)
            let (sender, receiver) = (
                DeviceKeyPair.generate(entropy: &entropy), DeviceKeyPair.generate(entropy: &entropy)
            )
            let kem = DeterministicKeyEncapsulation()
            var responder = HandshakeResponder(
                local: sender, encapsulation: kem, entropy: SeededEntropy(seed: 78))
            responder.accept(psk, role: .ticket)
            var initiator = try HandshakeInitiator(
                psk: psk, role: .ticket, local: receiver, expectedPeer: nil, encapsulation: kem,
                entropy: &entropy)
            let secondFlight = responder.reply(to: initiator.firstFlight)
            let second = try #require(secondFlight)
            let (_, final) = try #require(try initiator.session(from: second))
            return initiator.firstFlight + second + final
        }
        #expect(try run() == run())
    }
}

import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("The responder among strangers")
struct HandshakeResponderTests {
    @Test("whatever a stranger sends gets no reply and takes no place")
    func strangers() throws {
        var pair = try HandshakePair()
        let sample = pair.initiator.firstFlight[0]
        var generator = SeededGenerator(seed: 12)
        for round in 0..<5_000 {
            var datagram: [UInt8]
            switch round % 4 {
            case 0: datagram = generator.bytes(Int(generator.next() % 1_600))
            case 1: datagram = [0xE1] + generator.bytes(793)
            case 2: datagram = Array(sample[..<26]) + generator.bytes(768)
            default:
                datagram = sample
                let place = Int(generator.next() % UInt64(datagram.count))
                datagram[place] = datagram[place] &+ UInt8(1 + generator.next() % 255)
            }
            guard case .ignored = pair.responder.receive(datagram) else {
                Issue.record("round \(round) was answered")
                return
            }
        }
        #expect(pair.responder.halfOpenCount == 0 && pair.responder.nextTimeout == nil)
        #expect(pair.secondFlight() != nil)
    }

    @Test("an answer is repeated only for a whole repetition, so that it never grows in number")
    func noAmplification() throws {
        var pair = try HandshakePair()
        let first = pair.initiator.firstFlight
        #expect(pair.secondFlight() != nil)
        for _ in 0..<10 { #expect(pair.responder.reply(to: [first[0]]) == nil) }
        #expect(pair.responder.reply(to: [first[1]]) != nil)
        #expect(pair.responder.reply(to: [first[1]]) == nil)
    }

    @Test("at most two handshakes are half-open for a secret, three seconds each")
    func halfOpenLimit() throws {
        var pair = try HandshakePair()
        let (second, third) = (try pair.anotherInitiator(), try pair.anotherInitiator())
        #expect(pair.responder.reply(to: pair.initiator.firstFlight) != nil)
        #expect(pair.responder.reply(to: second.firstFlight, now: .zero + .seconds(1)) != nil)
        #expect(pair.responder.reply(to: third.firstFlight, now: .zero + .seconds(2)) == nil)
        #expect(pair.responder.halfOpenCount == 2)
        #expect(pair.responder.nextTimeout == .zero + .seconds(3))
        pair.responder.handleTimeout(now: .zero + .milliseconds(2_999))
        #expect(pair.responder.halfOpenCount == 2)
        pair.responder.handleTimeout(now: .zero + .seconds(3))
        #expect(pair.responder.halfOpenCount == 1)
        #expect(pair.responder.nextTimeout == .zero + .seconds(4))
        #expect(pair.responder.reply(to: third.firstFlight, now: .zero + .seconds(3)) != nil)
        pair.responder.handleTimeout(now: .zero + .seconds(60))
        #expect(pair.responder.halfOpenCount == 0 && pair.responder.nextTimeout == nil)
    }

    @Test("a recorded message 1 takes no place after its time, and message 3 then does nothing")
    func replayAfterExpiry() throws {
        var pair = try HandshakePair()
        let secondFlight = pair.secondFlight()
        let second = try #require(secondFlight)
        let (_, final) = try #require(try pair.initiator.session(from: second))
        let late = Instant.zero + .seconds(10)
        pair.responder.handleTimeout(now: late)
        #expect(pair.secondFlight(now: late) == nil)
        #expect(pair.responder.halfOpenCount == 0)
        #expect(pair.responder.session(from: final, now: late) == nil)
    }

    @Test("a message 1 under another handshake id gets the same message 2, or nothing")
    func replayUnderOtherID() throws {
        var pair = try HandshakePair()
        let flight = pair.initiator.firstFlight
        let first = pair.secondFlight()
        let again = flight.enumerated().map { index, datagram in
            // What somebody who knows the secret can do: another id, and a right mac.
            var writer = ByteWriter()
            writer.write(datagram[..<17])
            writer.write(UInt64(77))
            writer.write(datagram[25..<(datagram.count - HandshakeDatagram.macSize)])
            writer.write(
                writer.bytes.withUnsafeBytes { KeyDerivation.shortMAC(pair.psk.macKey, $0) })
            return writer.bytes
        }
        #expect(pair.responder.reply(to: again) == first)
        #expect(pair.responder.halfOpenCount == 1)
        #expect(pair.responder.reply(to: again) == nil)
        let late = Instant.zero + .seconds(10)
        pair.responder.handleTimeout(now: late)
        #expect(pair.responder.reply(to: again, now: late) == nil)
        #expect(pair.responder.halfOpenCount == 0)
    }

    @Test("a session is established once; messages 1 and 3 again do nothing")
    func establishedOnce() throws {
        var pair = try HandshakePair()
        let secondFlight = pair.secondFlight()
        let second = try #require(secondFlight)
        let (_, final) = try #require(try pair.initiator.session(from: second))
        #expect(pair.responder.session(from: final) != nil)
        #expect(pair.responder.session(from: final) == nil)
        #expect(pair.secondFlight() == nil)
        #expect(pair.responder.halfOpenCount == 0)
    }

    @Test("a secret that is no longer welcome is a stranger's, and its places are free")
    func removal() throws {
        var pair = try HandshakePair()
        let secondFlight = pair.secondFlight()
        let second = try #require(secondFlight)
        let (_, final) = try #require(try pair.initiator.session(from: second))
        pair.responder.remove(pair.psk)
        #expect(pair.responder.halfOpenCount == 0 && pair.responder.nextTimeout == nil)
        #expect(pair.responder.session(from: final) == nil)
    }

    @Test("secrets do not share places")
    func separatePlaces() throws {
        var pair = try HandshakePair()
        let other = PreSharedKey.generate(entropy: &pair.entropy)
        pair.responder.accept(other, role: .ticket)
        for _ in 0..<2 {
            let initiator = try pair.anotherInitiator()
            #expect(pair.responder.reply(to: initiator.firstFlight) != nil)
        }
        let initiator = try HandshakeInitiator(
            psk: other, role: .ticket, local: pair.receiver, expectedPeer: nil,
            entropy: &pair.entropy)
        #expect(pair.responder.reply(to: initiator.firstFlight) != nil)
        #expect(pair.responder.halfOpenCount == 3)
    }

    @Test("the memory of used handshake ids is bounded and forgets the oldest first")
    func usedBound() {
        var used = RecentSet<HandshakeID>(capacity: 3)
        for id in HandshakeID(1)...5 {
            used.insert(id)
            used.insert(id)
        }
        #expect(used.count == 3)
        #expect(
            (HandshakeID(1)...5).map { used.contains($0) } == [false, false, true, true, true])
    }
}

import SealiftBase
import SealiftTestSupport
import Testing

@testable import SealiftCrypto

@Suite("A flood of handshakes")
struct HandshakeFloodTests {
    @Test("of strangers leaves nothing behind, and an honest initiator gets through")
    func strangers() throws {
        var pair = try HandshakePair()
        var generator = SeededGenerator(seed: 5)
        let tag = pair.psk.tag(direction: .initiatorToResponder).bytes
        var datagram = [UInt8](repeating: 0xE1, count: 794)
        datagram[25] = 0x02
        for round in 0..<20_000 {
            // Half of them know the tag: it travels in clear.
            let front = round.isMultiple(of: 2) ? tag : generator.bytes(16)
            datagram.replaceSubrange(1..<17, with: front)
            datagram.replaceSubrange(17..<25, with: generator.bytes(8))
            guard case .ignored = pair.responder.receive(datagram) else {
                Issue.record("a stranger got an answer in round \(round)")
                return
            }
        }
        #expect(pair.responder.halfOpenCount == 0 && pair.responder.rememberedCount == 0)
        #expect(pair.responder.nextTimeout == nil)
        #expect(try pair.establish() != nil)
    }

    @Test("of a ticket's holder holds two places, three seconds each, and a bounded memory")
    func holders() throws {
        var pair = try HandshakePair()
        let data = [UInt8](repeating: 7, count: 752)
        var now = Instant.zero
        for id in HandshakeID(1)...4_000 {
            // Bursts of ten, four seconds apart: two of each take a place.
            if id % 10 == 1 { now += .seconds(4) }
            let datagram = HandshakeDatagram.datagram(
                of: .first, fragment: 0x02, data, handshakeID: id, key: pair.psk, hour: 0)
            guard case .ignored = pair.responder.receive(datagram, now: now) else {
                Issue.record("half a message was answered")
                return
            }
            #expect(pair.responder.halfOpenCount <= 2)
        }
        #expect(pair.responder.rememberedCount == 800)
        for id in HandshakeID(10_000)..<10_400 {
            now += .seconds(4)
            let datagram = HandshakeDatagram.datagram(
                of: .first, fragment: 0x02, data, handshakeID: id, key: pair.psk, hour: 0)
            _ = pair.responder.receive(datagram, now: now)
        }
        #expect(pair.responder.rememberedCount == HandshakeResponder.Limit.remembered)
        #expect(pair.responder.halfOpenCount == 1)
        // The honest one waits at most for two deadlines.
        #expect(pair.secondFlight(now: now + .seconds(3)) != nil)
    }

    @Test("of one recorded fragment, whose other half was lost, takes a place once")
    func recordedFragment() throws {
        var pair = try HandshakePair()
        let (lost, alsoLost) = (try pair.anotherInitiator(), try pair.anotherInitiator())
        let recorded = [lost.firstFlight[0], alsoLost.firstFlight[1]]
        #expect(pair.responder.reply(to: recorded) == nil)
        #expect(pair.responder.halfOpenCount == 2)
        for second in 3..<60 {
            #expect(pair.responder.reply(to: recorded, now: .zero + .seconds(second)) == nil)
            #expect(pair.responder.halfOpenCount == 0)
        }
        #expect(pair.secondFlight(now: .zero + .seconds(60)) != nil)
    }

    @Test("that comes slowly, byte by byte or again and again, meets its deadline")
    func slowClients() throws {
        var pair = try HandshakePair()
        let first = pair.initiator.firstFlight
        for step in 0..<12 {
            // The same fragment every 250 ms does not move the deadline.
            _ = pair.responder.reply(to: [first[0]], now: .zero + .milliseconds(step * 250))
            #expect(pair.responder.nextTimeout == .zero + .seconds(3))
        }
        let reply = pair.responder.reply(to: [first[1]], now: .zero + .milliseconds(2_999))
        let second = try #require(reply)
        let (_, final) = try #require(try pair.initiator.session(from: second))
        #expect(pair.responder.nextTimeout == .zero + .seconds(3))
        // Nobody called `handleTimeout`: the deadline holds all the same.
        var late = pair.responder
        #expect(late.session(from: final, now: .zero + .seconds(3)) == nil)
        #expect(late.halfOpenCount == 0)
        #expect(pair.responder.session(from: final, now: .zero + .milliseconds(2_999)) != nil)
    }

    @Test(
        "in any mixture is never answered by more bytes than came",
        arguments: SimulationSeed.series(20))
    func amplification(seed: SimulationSeed) throws {
        var generator = seed.generator(for: "handshake mixture")
        var pair = try HandshakePair(seed: seed.value)
        var pool = pair.initiator.firstFlight
        for _ in 0..<3 { pool += try pair.anotherInitiator().firstFlight }
        var now = Instant.zero
        var (bytesIn, bytesOut) = (0, 0)
        for _ in 0..<400 {
            now += .milliseconds(Int(generator.next() % 200))
            var datagram = pool[Int(generator.next() % UInt64(pool.count))]
            if generator.next() % 8 == 0 {
                datagram[Int(generator.next() % UInt64(datagram.count))] ^= 1
            }
            bytesIn += datagram.count
            if case .reply(let reply) = pair.responder.receive(datagram, now: now) {
                bytesOut += reply.reduce(0) { $0 + $1.count }
            }
            #expect(bytesOut <= bytesIn)
            #expect(pair.responder.halfOpenCount <= 2)
        }
    }
}

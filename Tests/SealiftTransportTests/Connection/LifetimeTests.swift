import SealiftBase
import SealiftTestSupport
import Testing

@testable import SealiftTransport

@Suite("The life of a connection")
struct LifetimeTests {
    @Test("A close reaches the peer over a bad path, and both ends are done soon after")
    func close() throws {
        for seed in SimulationSeed.series(20) {
            var pair = try Pair(
                seed: seed, lengths: [1000, 1000],
                stages: [Delay(.milliseconds(20)), IndependentLoss(0.1)])
            let isWhole = pair.runToCompletion(within: .seconds(30))
            #expect(isWhole)
            pair.network[pair.receiver].connection.close(
                code: .done, reason: "all here", now: pair.network.now)
            let (receiver, sender) = (pair.receiver, pair.sender)
            _ = pair.network.run(for: .seconds(40)) {
                $0[receiver].connection.state == .closed && $0[sender].connection.state == .closed
            }
            #expect(pair.network[receiver].connection.state == .closed)
            #expect(pair.network[sender].connection.state == .closed)
        }
    }

    @Test("The peer learns the code and the reason, cut to 128 bytes of whole characters")
    func reason() throws {
        let sessions = try SessionPair(seed: 9)
        let configuration = ConnectionConfiguration(packetNumberSkipSeed: 1)
        var near = Connection(
            session: sessions.initiator, configuration: configuration, now: .zero)
        var far = Connection(
            session: sessions.responder, configuration: configuration, now: .zero)
        near.close(code: .storage, reason: String(repeating: "é", count: 100), now: .zero)
        for datagram in near.drainTransmit(now: .zero) { far.receive(datagram) }
        #expect(
            far.drainClosed() == .peer(.storage, reason: String(repeating: "é", count: 64)))
        #expect(far.state == .draining)
        far.handleTimeout(now: .zero + .seconds(10))
        #expect(far.state == .closed)
        #expect(far.nextTimeout == nil)
    }

    @Test("Both ends are done within the round trip of a close and its answer")
    func answeredClose() throws {
        let sessions = try SessionPair(seed: 9)
        let configuration = ConnectionConfiguration(packetNumberSkipSeed: 1)
        var near = Connection(
            session: sessions.initiator, configuration: configuration, now: .zero)
        var far = Connection(
            session: sessions.responder, configuration: configuration, now: .zero)
        near.close(code: .done, reason: "", now: .zero)
        for datagram in near.drainTransmit(now: .zero) { far.receive(datagram) }
        let answers = far.drainTransmit(now: .zero)
        #expect(answers.count == 1)
        for datagram in answers { near.receive(datagram) }
        #expect(near.state == .closed)
        #expect(near.drainTransmit(now: .zero).isEmpty)
        far.handleTimeout(now: .zero)
        #expect(far.state == .closed)
    }

    @Test("A close whose frame was lost is said again, and given up after three probe timeouts")
    func lostClose() throws {
        let sessions = try SessionPair(seed: 9)
        var near = Connection(
            session: sessions.initiator,
            configuration: ConnectionConfiguration(packetNumberSkipSeed: 1), now: .zero)
        near.close(code: .done, reason: "", now: .zero)
        var now = Instant.zero
        var frames = 0
        while near.state != .closed {
            frames += near.drainTransmit(now: now).count
            now = try #require(near.nextTimeout)
            near.handleTimeout(now: now)
        }
        #expect(frames == 3)
        #expect(now < .zero + .seconds(10))
    }

    @Test("The close frame is repeated in answer to packets, ever more seldom")
    func repeatedClose() throws {
        let sessions = try SessionPair(seed: 9)
        var connection = Connection(
            session: sessions.initiator,
            configuration: ConnectionConfiguration(packetNumberSkipSeed: 1), now: .zero)
        var peer = HostilePeer(sessions.responder)
        connection.close(code: .done, reason: "", now: .zero)
        var repeats = 0
        for millisecond in 0..<100 {
            let now = Instant(nanoseconds: Int64(millisecond) * 1_000_000)
            connection.receive(try peer.packet([0x01]), now: now)
            repeats += connection.drainTransmit(now: now).count
        }
        #expect(repeats >= 5 && repeats <= 8)
    }

    @Test("Silence for thirty seconds ends the session, pings keep it alive")
    func idle() throws {
        var pair = try Pair(
            seed: SimulationSeed(1), lengths: [10], stages: [Delay(.milliseconds(5))])
        _ = pair.network.run(for: .seconds(200))
        #expect(pair.network[pair.sender].closed == nil)
        #expect(pair.network[pair.receiver].isEstablished)
        pair.network.join(pair.sender, pair.receiver, by: [IndependentLoss(1)])
        _ = pair.network.run(for: .seconds(40))
        #expect(pair.network[pair.sender].closed == .idleTimeout)
        #expect(pair.network[pair.receiver].closed == .idleTimeout)
        #expect(pair.network[pair.receiver].connection.state == .closed)
    }

    @Test("A quiet connection sends little: pings and their ACKs")
    func quiet() throws {
        var pair = try Pair(
            seed: SimulationSeed(1), lengths: [10], stages: [Delay(.milliseconds(5))])
        _ = pair.network.run(for: .seconds(10))
        let before = pair.network[pair.receiver].connection.statistics.packetsSent
        _ = pair.network.run(for: .seconds(100))
        let sent = pair.network[pair.receiver].connection.statistics.packetsSent - before
        #expect(sent >= 19 && sent <= 45)
    }

    @Test("A withdrawn object's bytes are ignored")
    func withdrawn() throws {
        let sessions = try SessionPair(seed: 9)
        var connection = Connection(
            session: sessions.initiator,
            configuration: ConnectionConfiguration(packetNumberSkipSeed: 1), now: .zero)
        var peer = HostilePeer(sessions.responder)
        connection.expectObjects(first: ObjectID(0), lengths: [4])
        connection.withdrawObject(ObjectID(0))
        connection.receive(try peer.packet([0x04, 0x00, 0x00, 0x02, 1, 2]))
        #expect(connection.state == .open)
        #expect(connection.expectedObjectCount == 0)
    }
}

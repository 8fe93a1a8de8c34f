import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftTransport

@Suite("Answers to the measuring of a path")
struct PathMeasuringTests {
    private static let here = PathID(1, 0, 0)
    private static let there = PathID(2, 0, 0)

    private static func ends() throws -> (Connection, HostilePeer) {
        let sessions = try SessionPair(seed: 21)
        var connection = Connection(
            session: sessions.initiator,
            configuration: ConnectionConfiguration(packetNumberSkipSeed: 1), on: here, now: .zero)
        var peer = HostilePeer(sessions.responder)
        connection.receive(try peer.packet([0x01]), on: here)
        _ = connection.drainTransmit(now: .zero)
        connection.drainEvents()
        return (connection, peer)
    }

    /// Asks on a path, and gives the bytes that an answer must repeat.
    private static func ask(
        _ connection: inout Connection, _ peer: inout HostilePeer, on path: PathID = there,
        now: Instant = .zero
    ) throws -> [UInt8] {
        let isAsked = connection.measurePath(path, now: now)
        #expect(isAsked)
        let sent = connection.drainWithPaths(now: now).filter { $0.path == path }
        #expect(sent.count == 1)
        let opened = peer.open(try #require(sent.first).bytes)
        let frames = try #require(opened)
        #expect(frames.first == 0x07)
        return Array(frames[1...8])
    }

    @Test("measure the round trip, and let the session move there")
    func measured() throws {
        var (connection, peer) = try Self.ends()
        let challenge = try Self.ask(&connection, &peer)
        let now = Instant.zero + .milliseconds(7)
        connection.receive(try peer.packet([0x08] + challenge), on: Self.there, now: now)
        #expect(connection.drainMeasured() == [.milliseconds(7)])
        #expect(connection.remote == Self.here)
        let isMoved = connection.adoptPath(Self.there, now: now)
        #expect(isMoved)
        #expect(connection.remote == Self.there)
        #expect(connection.path.sequence == 1)
        #expect(!connection.path.rtt.hasSample)
    }

    @Test("that come late, twice, early or on another path measure nothing and move nothing")
    func worthless() throws {
        var (connection, peer) = try Self.ends()
        // Early: before it was asked, and guessed.
        connection.receive(
            try peer.packet([0x08] + [UInt8](repeating: 9, count: 8)), on: Self.there)
        let first = try Self.ask(&connection, &peer)
        // On another path: the way back of this one is not known to work.
        connection.receive(try peer.packet([0x08] + first), on: Self.here)
        connection.receive(try peer.packet([0x08] + first), on: PathID(3, 0, 0))
        #expect(connection.drainMeasured().isEmpty)
        // Late.
        let late = Instant.zero + PathSampling.patience
        connection.receive(try peer.packet([0x01]), on: Self.here, now: late)
        connection.handleTimeout(now: late)
        #expect(connection.drainMeasured() == [nil])
        connection.receive(try peer.packet([0x08] + first), on: Self.there, now: late)
        #expect(connection.drainMeasured().isEmpty)
        let isMoved = connection.adoptPath(Self.there, now: late)
        #expect(!isMoved)
        // Twice, and of an earlier question.
        let second = try Self.ask(&connection, &peer, now: late)
        connection.receive(try peer.packet([0x08] + first), on: Self.there, now: late)
        #expect(connection.drainMeasured().isEmpty)
        connection.receive(try peer.packet([0x08] + second), on: Self.there, now: late)
        connection.receive(try peer.packet([0x08] + second), on: Self.there, now: late)
        #expect(connection.drainMeasured() == [.zero])
        #expect(connection.remote == Self.here)
        #expect(connection.state == .open)
    }

    @Test("are good for ten seconds")
    func stale() throws {
        var (connection, peer) = try Self.ends()
        let challenge = try Self.ask(&connection, &peer)
        connection.receive(try peer.packet([0x08] + challenge), on: Self.there)
        let later = Instant.zero + PathSampling.proofLifetime
        let isMoved = connection.adoptPath(Self.there, now: later)
        #expect(!isMoved)
        #expect(connection.remote == Self.here)
    }

    @Test("never cost a silent path its last connection ids, however many paths are measured")
    func connectionIDs() throws {
        var (connection, peer) = try Self.ends()
        var now = Instant.zero
        for number in UInt64(0)..<100 {
            let path = PathID(100 + number, 0, 0)
            let isAsked = connection.measurePath(path, now: now)
            _ = connection.drainWithPaths(now: now)
            if isAsked {
                let ahead =
                    (connection.protection.localSequences.last ?? 0)
                    - connection.acknowledgedSequence
                #expect(ahead < Connection.sequencesAhead)
            }
            now += .milliseconds(400)
            // A peer that acknowledges nothing: no connection id is ever given back.
            connection.receive(try peer.packet([0x01]), on: Self.here, now: now)
            connection.handleTimeout(now: now)
        }
        #expect(connection.state == .open)
        #expect(connection.sideRoutes.count <= 7)
        #expect(connection.sampling.samples.count <= PathSampling.limit)
        let before = connection.sideRoutes.count
        connection.tryPath(PathID(9_000, 0, 0), now: now)
        #expect(connection.sideRoutes.count == before + 1)
    }
}

extension Connection {
    fileprivate mutating func drainEvents() {
        while pollEvent() != nil {}
    }

    /// The round trips told, nil for no answer.
    fileprivate mutating func drainMeasured() -> [Duration?] {
        var result: [Duration?] = []
        while let event = pollEvent() {
            if case .pathMeasured(_, let roundTrip) = event { result.append(roundTrip) }
        }
        return result
    }
}

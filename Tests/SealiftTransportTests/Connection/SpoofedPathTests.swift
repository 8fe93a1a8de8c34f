import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftTransport

@Suite("Addresses that are not the peer's")
struct SpoofedPathTests {
    private static let here = PathID(1, 0, 0)
    private static func elsewhere(_ number: UInt64) -> PathID { PathID(1000 + number, 0, 0) }

    private static func ends(
        seed: UInt64 = 9
    ) throws -> (Connection, HostilePeer) {
        let sessions = try SessionPair(seed: seed)
        return (
            Connection(
                session: sessions.initiator,
                configuration: ConnectionConfiguration(packetNumberSkipSeed: 1), on: here,
                now: .zero),
            HostilePeer(sessions.responder)
        )
    }

    @Test("never get more than three times what came from there, and never move the session")
    func amplification() throws {
        var (connection, peer) = try Self.ends()
        connection.receive(try peer.packet([0x01]), on: Self.here)
        _ = connection.drainTransmit(now: .zero)
        var now = Instant.zero
        var received: [PathID: Int] = [:]
        var sent: [PathID: Int] = [:]
        var generator = SeededGenerator(seed: 4)
        for step in 0..<3_000 {
            // An attacker on the path copies packets and changes where they seem to come from.
            let path = Self.elsewhere(generator.next() % 40)
            let frames: [UInt8] =
                step.isMultiple(of: 3) ? [0x07, 0, 0, 0, 0, 0, 0, 0, UInt8(step & 255)] : [0x01]
            let packet = try peer.packet(frames)
            received[path, default: 0] += packet.count
            connection.receive(packet, on: path, now: now)
            connection.writeControl([UInt8](repeating: 7, count: 100))
            now += .milliseconds(7)
            if let due = connection.nextTimeout, due <= now { connection.handleTimeout(now: now) }
            for (path, bytes) in connection.drainWithPaths(now: now) where path != Self.here {
                sent[path, default: 0] += bytes.count
            }
            let isWithin = sent.allSatisfy { $0.value <= 3 * (received[$0.key] ?? 0) }
            #expect(isWithin, "step \(step)")
            #expect(connection.validation.candidates.count <= PathValidation.limit)
            #expect(connection.pathResponses.count <= 4)
        }
        #expect(!sent.isEmpty)
        #expect(connection.remote == Self.here)
        #expect(connection.state == .open)
    }

    @Test("are given up when nobody answers there, and asked for at most three times")
    func unanswered() throws {
        var (connection, peer) = try Self.ends()
        connection.receive(
            try peer.packet([0x01] + [UInt8](repeating: 0, count: 200)), on: Self.here)
        connection.receive(
            try peer.packet([0x01] + [UInt8](repeating: 0, count: 200)), on: Self.elsewhere(1))
        var now = Instant.zero
        var challenges = 0
        for _ in 0..<2_000 {
            challenges += connection.drainWithPaths(now: now).count { $0.path != Self.here }
            now += .milliseconds(5)
            connection.receive(try peer.packet([0x01]), on: Self.here, now: now)
            connection.handleTimeout(now: now)
        }
        #expect(challenges == 3)
        #expect(connection.validation.candidates.isEmpty)
        #expect(connection.remote == Self.here)
    }

    @Test("a copy that overtakes the packet it copies moves nothing, once the peer itself is heard")
    func overtakingCopies() throws {
        var (connection, peer) = try Self.ends()
        let first = try peer.packet([0x01])
        connection.receive(first, on: Self.elsewhere(1))
        let challenge = connection.drainWithPaths(now: .zero).first { $0.path != Self.here }
        let datagram = try #require(challenge).bytes
        let opened = peer.open(datagram)
        let frames = try #require(opened)
        #expect(frames.first == 0x07)
        // The peer is still where it was; its newer packet says so.
        connection.receive(first, on: Self.here)
        connection.receive(try peer.packet([0x01]), on: Self.here)
        // The attacker carried the challenge to the peer, and its answer back.
        connection.receive(try peer.packet([0x08] + frames[1...8]), on: Self.elsewhere(1))
        #expect(connection.remote == Self.here)
    }

    @Test("packets that only prove paths are no sign that the peer moved")
    func probesDoNotMove() throws {
        var (connection, peer) = try Self.ends()
        connection.receive(try peer.packet([0x01]), on: Self.here)
        for value in UInt8(0)..<50 {
            connection.receive(
                try peer.packet([0x07, 0, 0, 0, 0, 0, 0, 0, value, 0x00]), on: Self.elsewhere(2))
        }
        #expect(connection.validation.candidates.isEmpty)
        // They are answered where they came from, a few at a time.
        let sent = connection.drainWithPaths(now: .zero).filter { $0.path == Self.elsewhere(2) }
        #expect(sent.count == 4)
    }

    @Test("a guessed answer proves nothing")
    func guesses() throws {
        var (connection, peer) = try Self.ends()
        connection.receive(try peer.packet([0x01]), on: Self.elsewhere(3))
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<1_000 {
            connection.receive(
                try peer.packet([0x08] + generator.bytes(8)), on: Self.elsewhere(3))
        }
        #expect(connection.remote == Self.here)
        #expect(connection.state == .open)
    }

    @Test("replays of every packet at every later point, from anywhere, do nothing")
    func replays() throws {
        var (connection, peer) = try Self.ends()
        var captured: [[UInt8]] = []
        for step in 0..<300 {
            let packet = try peer.packet(
                [0x01, 0x07] + [UInt8](repeating: UInt8(step & 255), count: 8))
            connection.receive(packet, on: Self.here)
            captured.append(packet)
            _ = connection.drainTransmit(now: .zero)
            let before = connection.statistics
            for packet in captured { connection.receive(packet, on: Self.elsewhere(6)) }
            #expect(connection.statistics == before)
            #expect(connection.drainTransmit(now: .zero).isEmpty)
        }
        #expect(connection.validation.candidates.isEmpty)
    }

    @Test("a flood of connection ids is bounded")
    func sequenceFlood() throws {
        var (connection, peer) = try Self.ends()
        for sequence in UInt32(0)..<500 {
            connection.receive(
                try peer.packet([0x01], sequence: sequence), on: Self.here)
            _ = connection.drainTransmit(now: .zero)
            #expect(connection.received.count <= 8)
            #expect(connection.acceptedConnectionIDs.count <= 17)
        }
        #expect(connection.state == .open)
        // Nine ahead is nobody's.
        let count = connection.statistics.packetsReceived
        connection.receive(try peer.packet([0x01], sequence: 508), on: Self.here)
        #expect(connection.statistics.packetsReceived == count)
        connection.receive(try peer.packet([0x01], sequence: 507), on: Self.here)
        #expect(connection.statistics.packetsReceived == count + 1)
    }

    @Test("an ACK of a connection id left is ignored, of one never begun it ends the session")
    func acknowledgementOfOtherSequences() throws {
        var (connection, peer) = try Self.ends()
        connection.localAddressChanged(now: .zero)
        connection.receive(try peer.packet([0x02, 0x00, 0x00, 0x00, 0x00, 0x00]), on: Self.here)
        #expect(connection.state == .open)
        connection.receive(try peer.packet([0x02, 0x02, 0x00, 0x00, 0x00, 0x00]), on: Self.here)
        #expect(connection.drainClosed() == .peerViolated(.acknowledgedUnsentPacket))
    }
}

import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import Testing

@testable import SealiftTransport

@Suite("A peer that breaks the rules")
struct ViolationTests {
    private static func ends() throws -> (Connection, HostilePeer) {
        let sessions = try SessionPair(seed: 9)
        let configuration = ConnectionConfiguration(packetNumberSkipSeed: 1)
        return (
            Connection(session: sessions.initiator, configuration: configuration, now: .zero),
            HostilePeer(sessions.responder)
        )
    }

    private static func frames(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        write(&writer)
        return writer.bytes
    }

    @Test(
        "ends the session",
        arguments: [
            ("unknown type", [0x42], Violation.malformedFrame),
            ("frame cut short", [0x04, 0x00, 0x00, 0x05, 1, 2], .malformedFrame),
            ("65 more ranges", [0x02, 0x00, 0x05, 0x00, 0x40, 0x41], .malformedFrame),
            ("ACK below number 0", [0x02, 0x00, 0x05, 0x00, 0x00, 0x06], .malformedFrame),
            (
                "ACK gap below number 0", [0x02, 0x00, 0x05, 0x00, 0x01, 0x00, 0x04, 0x00],
                .malformedFrame
            ),
            (
                "ACK of a packet never sent", [0x02, 0x00, 0x05, 0x00, 0x00, 0x00],
                .acknowledgedUnsentPacket
            ),
            (
                "ACK of a connection id never used", [0x02, 0x01, 0x00, 0x00, 0x00, 0x00],
                .acknowledgedUnsentPacket
            ),
            ("object never requested", [0x04, 0x09, 0x00, 0x01, 7], .unrequestedObject),
            ("object overrun", [0x04, 0x00, 0x09, 0x02, 7, 7], .objectOverrun),
            (
                "object offset at 2^62 − 1",
                [0x04, 0x00] + [UInt8](repeating: 0xFF, count: 8) + [0x01, 7], .objectOverrun
            ),
            (
                "control beyond the credit", [0x05, 0x80, 0x04, 0x00, 0x00, 0x01, 7],
                .controlCreditExceeded
            ),
            (
                "ratchet offer from the responder", [0x09, 0x01, 0x01, 0x00, 0x00],
                .unexpectedRatchet
            ),
            ("ratchet answer to nothing", [0x0A, 0x01, 0x01, 0x00, 0x00], .unexpectedRatchet),
            ("ratchet part 4 of 4", [0x0A, 0x01, 0x44, 0x00, 0x00], .malformedFrame),
            ("ACK frequency of 0 packets", [0x0C, 0x00, 0x00, 0x01], .malformedFrame),
            ("close reason of 129 bytes", [0x0D, 0x01, 0x40, 0x81], .malformedFrame),
        ] as [(String, [UInt8], Violation)])
    func violations(_ name: String, _ frames: [UInt8], _ violation: Violation) throws {
        var (connection, peer) = try Self.ends()
        connection.expectObjects(first: ObjectID(0), lengths: [10])
        // What follows the violation in the packet must not count.
        connection.receive(try peer.packet(frames))
        #expect(connection.drainClosed() == .peerViolated(violation))
        #expect(connection.state == .closing)
        let sent = connection.drainTransmit(now: .zero)
        #expect(sent.count == 1)
        #expect(peer.open(sent[0])?.prefix(2) == [0x0D, 0x01])
    }

    @Test("An ACK of a skipped number ends the session")
    func skippedNumber() throws {
        var (connection, peer) = try Self.ends()
        var now = Instant.zero
        // Enough packets that a number was skipped; none is acknowledged before the guess.
        for _ in 0..<200 where connection.path.sent.packets.end < 100 {
            connection.writeControl([1])
            _ = connection.drainTransmit(now: now)
            now += .seconds(3)
            connection.handleTimeout(now: now)
            connection.receive(try peer.packet([0x01]), now: now)
        }
        let end = connection.path.sent.packets.end
        let guess = Self.frames {
            $0.write([0x02, 0x00])
            $0.writeVariableLengthInteger(end - 1)
            $0.write([0x00, 0x00])
            $0.writeVariableLengthInteger(end - 1)
        }
        connection.receive(try peer.packet(guess), now: now)
        #expect(connection.drainClosed() == .peerViolated(.acknowledgedUnsentPacket))
    }

    @Test("A million one-byte gaps neither grow memory nor are acknowledged")
    func gapFlood() throws {
        var (connection, peer) = try Self.ends()
        connection.expectObjects(first: ObjectID(0), lengths: [4_000_000])
        var accepted = 0
        for step in 0..<10_000 {
            let frames = Self.frames { writer in
                for index in 0..<100 {
                    writer.write(UInt8(0x04))
                    writer.write(UInt8(0x00))
                    writer.writeVariableLengthInteger(UInt64(2 * (step * 100 + index)))
                    writer.write([0x01, 0xAA])
                }
            }
            connection.receive(try peer.packet(frames))
            accepted = Int(connection.received.first?.numbers.count ?? 0)
        }
        #expect(connection.state == .open)
        #expect(accepted <= 3)
        #expect(connection.received.allSatisfy { $0.numbers.rangeCount <= 64 })
        // What is sent as it should be still arrives: bytes that are there already are no obstacle.
        var isWhole = false
        for offset in stride(from: UInt64(0), to: 4_000_000, by: 1_000) {
            let frames = Self.frames { writer in
                writer.write([0x04, 0x00])
                writer.writeVariableLengthInteger(offset)
                writer.writeVariableLengthInteger(1_000)
                writer.write([UInt8](repeating: 0xBB, count: 1_000))
            }
            connection.receive(try peer.packet(frames))
            while let event = connection.pollEvent() {
                if case .objectReceived = event { isWhole = true }
            }
        }
        #expect(isWhole && connection.state == .open)
    }

    @Test("A million gaps in packet numbers are remembered up to a bound")
    func packetNumberGaps() throws {
        var (connection, peer) = try Self.ends()
        for step in UInt64(0)..<20_000 {
            // From 2 to 100 numbers left out each time: a million in all.
            peer.nextNumber += 2 + step % 99
            connection.receive(try peer.packet([0x01]))
            _ = connection.drainTransmit(now: .zero)
            #expect(connection.received[0].numbers.rangeCount <= ReceivedPackets.rangeLimit)
        }
        #expect(connection.state == .open)
        peer.nextNumber = (1 << 62) - 1
        connection.receive(try peer.packet([0x01]))
        #expect(connection.received[0].numbers.bounds?.upperBound == (1 << 62) - 1)
        _ = connection.drainTransmit(now: .zero)
        #expect(connection.state == .open)
    }

    @Test("Too many packets that do not open end the session")
    func exhaustion() throws {
        let sessions = try SessionPair(seed: 9)
        var configuration = ConnectionConfiguration(packetNumberSkipSeed: 1)
        configuration.keyLimits.failedOpens = 100
        var connection = Connection(
            session: sessions.initiator, configuration: configuration, now: .zero)
        var peer = HostilePeer(sessions.responder)
        for _ in 0..<100 {
            #expect(connection.state == .open)
            var packet = try peer.packet([0x01])
            packet[packet.count - 1] ^= 1
            connection.receive(packet)
        }
        connection.receive(try peer.packet([0x01]))
        #expect(connection.drainClosed() == .keysExhausted)
    }

    @Test("A peer that starts a generation although it is the responder is not heard")
    func responderStartsGeneration() throws {
        let sessions = try SessionPair(seed: 9)
        var connection = Connection(
            session: sessions.initiator,
            configuration: ConnectionConfiguration(packetNumberSkipSeed: 1), now: .zero)
        // The peer computes the next generation's keys as it would for an initiator that moved on.
        var (ahead, peer) = (
            PacketProtection(session: sessions.initiator), HostilePeer(sessions.responder)
        )
        var packet = [UInt8](repeating: 0, count: 34)
        for number in UInt64(0)..<2 {
            packet[17] = 0x01
            _ = try packet.withUnsafeMutableBytes {
                try ahead.seal(packetNumber: number, plaintextCount: 1, in: $0)
            }
            #expect(peer.open(packet) != nil)
            ahead.packetAcknowledged(number)
            if number == 0 { try ahead.startNextGeneration(now: .zero) }
        }
        #expect(peer.protection.generation == 1)
        connection.receive(try peer.packet([0x01]))
        #expect(connection.statistics.packetsReceived == 0)
        #expect(connection.protection.generation == 0)
        #expect(connection.state == .open)
    }

    @Test("Control bytes with gaps are held up to a bound")
    func controlGaps() throws {
        var (connection, peer) = try Self.ends()
        for index in 0..<2000 {
            let frames = Self.frames {
                $0.write(UInt8(0x05))
                $0.writeVariableLengthInteger(UInt64(2 * index + 1))
                $0.write([0x01, 0xAA])
            }
            connection.receive(try peer.packet(frames))
        }
        #expect(connection.state == .open)
        #expect(connection.received[0].numbers.count <= 64)
        // In order, and over what is there already, it is read all the same.
        for index in 0..<8 {
            let frames = Self.frames {
                $0.write(UInt8(0x05))
                $0.writeVariableLengthInteger(UInt64(500 * index))
                $0.writeVariableLengthInteger(500)
                $0.write([UInt8](repeating: 0xBB, count: 500))
            }
            connection.receive(try peer.packet(frames))
        }
        var read: [UInt8] = []
        connection.readControl(into: &read)
        #expect(read.count == 4_000)
    }

    @Test("Path challenges are answered, a flood of them only four at a time")
    func pathChallenges() throws {
        var (connection, peer) = try Self.ends()
        let frames = (0..<100).flatMap { index -> [UInt8] in
            [0x07, 0, 0, 0, 0, 0, 0, 0, UInt8(index)]
        }
        connection.receive(try peer.packet(frames))
        let answers = connection.drainTransmit(now: .zero).compactMap { peer.open($0) }.joined()
        #expect(answers.filter { $0 == 0x08 }.count == 4)
    }

    @Test("Garbage, truncation and replays change nothing")
    func garbage() throws {
        var (connection, peer) = try Self.ends()
        var generator = SeededGenerator(seed: 3)
        let packet = try peer.packet([0x01])
        for length in 0..<packet.count { connection.receive(Array(packet[..<length])) }
        for index in packet.indices {
            var altered = packet
            altered[index] ^= 0x10
            connection.receive(altered)
        }
        for _ in 0..<1000 { connection.receive(generator.bytes(Int(generator.next() % 100))) }
        #expect(connection.statistics.packetsReceived == 0)
        for _ in 0..<3 { connection.receive(packet) }
        #expect(connection.statistics.packetsReceived == 1)
        #expect(connection.state == .open)
    }

    @Test("Random frames never trap", arguments: 0..<20)
    func randomFrames(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<100 {
            var (connection, peer) = try Self.ends()
            connection.expectObjects(first: ObjectID(0), lengths: [100, 5000])
            connection.writeControl([1, 2, 3])
            _ = connection.drainTransmit(now: .zero)
            for step in 0..<10 {
                var frames = generator.bytes(1 + Int(generator.next() % 60))
                frames[0] %= 14
                connection.receive(
                    try peer.packet(frames), now: Instant(nanoseconds: Int64(step) * 1_000_000))
                _ = connection.drainTransmit(now: Instant(nanoseconds: Int64(step) * 1_000_000))
            }
        }
    }
}

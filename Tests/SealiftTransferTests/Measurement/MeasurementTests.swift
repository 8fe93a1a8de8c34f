import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

@Suite("A measuring session")
struct MeasurementTests {
    @Test(
        "finds the rate, the round trip and the loss of a link, both ways",
        arguments: SimulationSeed.series(8))
    func link(simulation: SimulationSeed) throws {
        var scenario = MeasurementScenario(seed: simulation.value)
        scenario.megabitsPerSecond = 40
        scenario.delay = .milliseconds(20)
        scenario.loss = 0.01
        let outcome = try scenario.run()
        let found = try #require(outcome.measurement, "\(outcome.report)")
        #expect(try #require(found.idleRoundTrip) >= .milliseconds(40))
        #expect(try #require(found.idleRoundTrip) < .milliseconds(60))
        for direction in [found.download, found.upload] {
            let rate = try #require(direction.rate)
            // Of IP bytes the link has 40: datagrams are a little less.
            #expect(rate > 24e6 && rate < 41e6, "\(rate)")
            #expect(direction.loss > 0.002 && direction.loss < 0.08, "\(direction.loss)")
            #expect(direction.packetsReceived <= direction.packetsSent + 400)
        }
        #expect(outcome.ending == .closed(.done, reason: "measured"))
        #expect(outcome.hostHeard == ["began", "ended"])
    }

    @Test("sees packets that overtake each other", arguments: SimulationSeed.series(4))
    func reordering(simulation: SimulationSeed) throws {
        var scenario = MeasurementScenario(seed: simulation.value)
        scenario.reordering = 0.02
        let found = try #require(try scenario.run().measurement)
        #expect(found.download.reordering > 0.001 && found.download.reordering < 0.3)
        #expect(found.download.loss < 0.02)
    }

    @Test("ends where nobody answers, and says so")
    func nobody() throws {
        var scenario = MeasurementScenario(seed: 1)
        scenario.loss = 1
        let outcome = try scenario.run()
        #expect(outcome.measurement == nil)
        #expect(outcome.ending == .noAnswer)
    }

    @Test(
        "is not opened by the key of another purpose",
        arguments: [SessionRole.ticket, .pairingCode])
    func role(role: SessionRole) throws {
        var scenario = MeasurementScenario(seed: 2)
        scenario.callerRole = role
        let outcome = try scenario.run()
        #expect(outcome.ending == .noAnswer)
        #expect(outcome.hostHeard == [])
    }

    @Test("ends after two and a half minutes, whatever the other end wants")
    func longest() throws {
        var entropy = SeededEntropy(seed: 5)
        let (near, far) = (
            DeviceKeyPair.generate(entropy: &entropy), DeviceKeyPair.generate(entropy: &entropy)
        )
        let psk = PreSharedKey.generate(entropy: &entropy)
        var responder = HandshakeResponder(local: far, entropy: SeededEntropy(seed: 6))
        responder.accept(psk, role: .measurement)
        var host = MeasurementHost(
            responder: responder, configuration: ConnectionConfiguration(packetNumberSkipSeed: 1))
        var dialer = try HandshakeInitiator(
            psk: psk, role: .measurement, local: near, expectedPeer: nil, entropy: &entropy)
        var caller: Connection?
        var scratch = [UInt8](repeating: 0, count: 65_536)
        // Whatever the host sends reaches the other end at once.
        func deliver(now: Instant) throws {
            host.process(now: now)
            while let batch = scratch.withUnsafeMutableBytes({
                host.pollTransmit(into: $0, now: now)
            }) {
                for start in stride(from: 0, to: batch.byteCount, by: batch.segmentSize) {
                    let end = min(start + batch.segmentSize, batch.byteCount)
                    try scratch[start..<end].withUnsafeBytes { bytes in
                        if caller == nil {
                            guard
                                case .established(let session, let flight) = try dialer.receive(
                                    bytes)
                            else { return }
                            caller = Connection(
                                session: session,
                                configuration: ConnectionConfiguration(packetNumberSkipSeed: 2),
                                now: now)
                            for datagram in flight {
                                datagram.withUnsafeBytes {
                                    host.receive($0, on: .only, ecn: .notCapable, now: now)
                                }
                            }
                        } else {
                            caller?.receive(bytes, now: now)
                        }
                    }
                }
            }
        }
        for datagram in dialer.firstFlight {
            datagram.withUnsafeBytes { host.receive($0, on: .only, ecn: .notCapable, now: .zero) }
        }
        try deliver(now: .zero)
        #expect(caller != nil)
        // Its farewell takes a few seconds more. The other end says that it is there every second, and wants nothing.
        var endedAt: Int?
        var answer = [UInt8](repeating: 0, count: 65_536)
        for second in 1..<200 where endedAt == nil {
            let now = Instant.zero + .seconds(second)
            caller?.ping()
            caller?.handleTimeout(now: now)
            while let sent = answer.withUnsafeMutableBytes({
                caller?.pollTransmit(into: $0, now: now)
            }) {
                answer[..<sent.byteCount].withUnsafeBytes {
                    host.receive($0, on: .only, ecn: .notCapable, now: now)
                }
            }
            if let due = host.nextTimeout, due <= now { host.handleTimeout(now: now) }
            try deliver(now: now)
            while let event = host.pollEvent() {
                if case .ended = event { endedAt = second }
            }
        }
        #expect((150...160).contains(endedAt ?? 0), "\(String(describing: endedAt))")
    }

    @Test("takes no more than it would ever have allowed")
    func grants() throws {
        var stream = MeasurementStream()
        try stream.allow(below: 1_024)
        #expect(throws: TransferViolation.unexpectedMessage) { try stream.allow(below: 1_023) }
        #expect(throws: TransferViolation.unexpectedMessage) { try stream.allow(below: 1_025) }
        #expect(throws: TransferViolation.unexpectedMessage) {
            try stream.allow(below: 1 << 62 - 1)
        }
    }

    @Test("holds counters that a peer turns back for nothing counted")
    func liar() {
        var (high, low) = (MeasurementReport(), MeasurementReport())
        high.clock = .max >> 2
        high.bytesReceived = .max >> 2
        high.packetsSent = .max >> 2
        high.packetsLost = .max >> 2
        low.packetsLost = 7
        let back = PathMeasurement.Stretch(
            sender: [high, low, low], receiver: [high, low, low], took: .seconds(1))
        #expect(back.rate == nil)
        #expect(back.loss == 0)
        let forth = PathMeasurement.Stretch(
            sender: [low, low, high], receiver: [low, low, high], took: .seconds(1))
        #expect(forth.loss == 1)
        #expect(forth.rate ?? 0 > 0)
    }

    @Test("reads back every message it writes, and nothing that is cut short or too long")
    func codec() throws {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<200 {
            var report = MeasurementReport()
            report.clock = generator.next() >> 2
            report.bytesReceived = generator.next() >> 20
            report.packetsReordered = generator.next() >> 40
            report.machine.kernelDrops = generator.next() >> 50
            report.machine.hasSegmentation = generator.next() & 1 == 0
            let messages: [MeasurementMessage] = [
                .phase(.upload), .grant(below: generator.next() >> 3), .ask, .report(report),
            ]
            var bytes = messages.flatMap(\.encoded)
            for message in messages {
                #expect(try MeasurementMessage.cut(from: &bytes) == message)
            }
            #expect(bytes.isEmpty)
            let whole = MeasurementMessage.report(report).encoded
            for length in whole.indices {
                var part = Array(whole.prefix(length))
                #expect(try MeasurementMessage.cut(from: &part) == nil)
            }
            var longer = whole
            longer[1 + (longer[0] >> 6 == 0 ? 0 : 1)] = 0x09
            #expect(throws: TransferViolation.malformedMessage) {
                try MeasurementMessage.cut(from: &longer)
            }
        }
    }
}

import SealiftBase
import SealiftCrypto
import SealiftTransport

extension FuzzTarget {
    /// A whole connection against a peer that holds the keys and follows no rule: authentic packets
    /// of any frames, in any order, at any time, while the end under test goes on working.
    ///
    /// It never sends without end, never asks to be called again in the past without end, and keeps
    /// its memory within what was asked for.
    static let connection = FuzzTarget(
        "connection", maximumLength: 8_192, seeds: ConnectionRun.seeds
    ) { input throws(BrokenRule) in
        guard let rig = SessionRig.shared else { throw BrokenRule(description: "no session") }
        var run = ConnectionRun(rig, &input)
        while !input.isAtEnd { try run.step(&input) }
        try run.end()
    }
}

private struct ConnectionRun {
    private enum Step: UInt8, CaseIterable {
        case frames, wait, transmit, acknowledge, expect, send, write, withdraw, raw, close
        case measure, adopt
    }

    /// Calls after which a machine that still wants to be called at once is stuck.
    private static let patience = 20_000

    private var connection: Connection
    private let isInitiator: Bool
    private var peer: PacketProtection
    private var peerNumber: UInt64 = 0
    private var now = Instant.zero
    /// Numbers of the connection's packets that reached the peer.
    private var arrived = IntervalSet()
    private var nextExpected: UInt64 = 0
    private var nextSent: UInt64 = 0
    private var buffer = [UInt8](repeating: 0, count: 65_536)
    private var control: [UInt8] = []
    private var closedCount = 0

    init(_ rig: SessionRig, _ input: inout FuzzInput) {
        let setup = input.byte()
        isInitiator = setup & 1 == 0
        var configuration = ConnectionConfiguration(packetNumberSkipSeed: UInt64(setup))
        configuration.ratchetEntropy = SeededEntropy(seed: 9)
        // So low that ratchets happen within one input.
        if setup & 2 != 0 { configuration.ratchetByteInterval = 4_096 }
        let (own, other) =
            isInitiator ? (rig.initiator, rig.responder) : (rig.responder, rig.initiator)
        connection = Connection(session: own, configuration: configuration, now: .zero)
        peer = PacketProtection(session: other)
    }

    mutating func step(_ input: inout FuzzInput) throws(BrokenRule) {
        switch Step.allCases[input.choice(Step.allCases.count)] {
        case .frames: deliver(input.run(atMost: 1_400))
        case .wait:
            now += .microseconds(1 << input.choice(28))
            try settle()
        case .transmit: try transmit()
        case .acknowledge: deliver(acknowledgement())
        case .expect:
            let lengths = (0...input.choice(4)).map { _ in 1 + input.short() }
            guard isInitiator, connection.state == .open, nextExpected < 256 else { return }
            connection.expectObjects(first: ObjectID(nextExpected), lengths: lengths)
            nextExpected += UInt64(lengths.count)
        case .send:
            let object = ObjectBuffer(count: 1 + input.short())
            object.bytes.initializeMemory(as: UInt8.self, repeating: input.byte())
            guard !isInitiator, nextSent < 256 else { return }
            connection.sendObject(ObjectID(nextSent), object)
            nextSent += 1
        case .write: connection.writeControl(input.run(atMost: 1_024))
        case .withdraw: connection.withdrawObject(ObjectID(UInt64(input.byte())))
        case .raw:
            input.run().withUnsafeBytes { connection.receive($0, ecn: .notCapable, now: now) }
        case .close: connection.close(code: .interrupted, reason: "stopped", now: now)
        case .measure: _ = connection.measurePath(Self.path(&input), now: now)
        case .adopt: _ = connection.adoptPath(Self.path(&input), now: now)
        }
        try takeEvents()
    }

    /// One of eight paths, from two sockets; the first is the one that the session began on.
    private static func path(_ input: inout FuzzInput) -> PathID {
        let number = UInt64(input.choice(8))
        return PathID(number, 0, (number & 1) << 48)
    }

    /// An hour later the connection is over, whatever happened.
    mutating func end() throws(BrokenRule) {
        now += .seconds(3_600)
        try settle()
        try takeEvents()
        try demand(connection.state == .closed, "a silent connection lives for an hour")
        try demand(closedCount == 1, "the end was told \(closedCount) times")
    }

    private mutating func deliver(_ frames: [UInt8]) {
        guard !frames.isEmpty,
            let datagram = peer.sealed(frames, number: peerNumber, sequence: 0)
        else { return }
        peerNumber += 1
        let ecn = ECN(rawValue: UInt8(peerNumber & 3)) ?? .notCapable
        datagram.withUnsafeBytes { connection.receive($0, ecn: ecn, now: now) }
    }

    /// An honest ACK of everything that arrived.
    private func acknowledgement() -> [UInt8] {
        guard let top = arrived.ranges.last else { return [] }
        var frame = ByteWriter()
        frame.write(UInt8(0x02))
        frame.writeVariableLengthInteger(0)
        frame.writeVariableLengthInteger(top.upperBound - 1)
        frame.writeVariableLengthInteger(100)
        let lower = arrived.ranges.dropLast().suffix(64).reversed()
        frame.writeVariableLengthInteger(UInt64(lower.count))
        frame.writeVariableLengthInteger(top.upperBound - 1 - top.lowerBound)
        var smallest = top.lowerBound
        for range in lower {
            frame.writeVariableLengthInteger(smallest - range.upperBound - 1)
            frame.writeVariableLengthInteger(range.upperBound - 1 - range.lowerBound)
            smallest = range.lowerBound
        }
        return frame.bytes
    }

    private mutating func transmit() throws(BrokenRule) {
        for _ in 0..<Self.patience {
            let sent = buffer.withUnsafeMutableBytes { connection.pollTransmit(into: $0, now: now) }
            guard let sent else { return }
            try demand(sent.byteCount > 0 && sent.segmentSize > 0, "an empty transmission")
            for offset in stride(from: 0, to: sent.byteCount, by: sent.segmentSize) {
                let end = min(offset + sent.segmentSize, sent.byteCount)
                guard let (packet, _) = peer.opened(Array(buffer[offset..<end]), now: now) else {
                    continue
                }
                arrived.insert(packet.packetNumber..<(packet.packetNumber + 1))
            }
        }
        throw BrokenRule(description: "datagrams without end")
    }

    /// Sends what may leave and calls back until nothing is due any more.
    private mutating func settle() throws(BrokenRule) {
        for _ in 0..<Self.patience {
            connection.handleTimeout(now: now)
            try transmit()
            guard let timeout = connection.nextTimeout, timeout <= now else { return }
        }
        throw BrokenRule(description: "time-outs without end")
    }

    private mutating func takeEvents() throws(BrokenRule) {
        while let event = connection.pollEvent() {
            switch event {
            case .controlReadable:
                connection.readControl(into: &control)
                control.removeAll(keepingCapacity: true)
            case .objectReceived(let id, _):
                try demand(id.rawValue < nextExpected, "an object nobody asked for")
            case .objectDelivered(let id):
                try demand(id.rawValue < nextSent, "an object nobody sent was delivered")
            case .closed: closedCount += 1
            case .established, .pathMeasured: break
            }
        }
        try demand(closedCount <= 1, "the end was told twice")
    }

    static func seeds() -> [[UInt8]] {
        func frames(_ bytes: [UInt8]) -> [UInt8] {
            [Step.frames.rawValue, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
        }
        let transmit = [Step.transmit.rawValue]
        let acknowledge = [Step.acknowledge.rawValue]
        let wait: [UInt8] = [Step.wait.rawValue, 20]
        let write: [UInt8] = [Step.write.rawValue, 0, 3, 1, 2, 3]
        let part: [UInt8] = [1, 0x02, 0x02, 0x80]
        return [
            // One of each frame, towards each side.
            [0] + [0x01, 0x0B].flatMap { frames([$0]) } + frames([0x06, 0x80, 0x08, 0, 0]),
            [1] + frames([0x07] + [UInt8](repeating: 5, count: 8)) + transmit
                + frames([0x08] + [UInt8](repeating: 5, count: 8)) + wait,
            [0] + frames([0x0C, 1, 4, 0x50, 0]) + frames([0x05, 0, 2, 65, 66]) + transmit,
            [0, Step.expect.rawValue, 1, 0, 4, 0, 2] + frames([0x04, 0, 0, 2, 1, 2])
                + frames([0x04, 0, 2, 3, 3, 4, 5, 0x04, 1, 0, 3, 1, 2, 3]) + transmit,
            [1, Step.send.rawValue, 0x20, 0, 7] + transmit + acknowledge + transmit + acknowledge,
            [1] + write + transmit + acknowledge + wait + transmit + acknowledge,
            [3] + frames([0x09] + part + [UInt8](repeating: 3, count: 640)) + transmit + wait,
            [2, Step.write.rawValue, 4, 0] + [UInt8](repeating: 1, count: 1_024) + transmit
                + acknowledge + wait + wait + transmit + acknowledge + wait,
            [1] + write + transmit + frames([0x02, 0, 1, 0, 0, 1]) + wait + wait + wait,
            [0] + frames([0x0D, 3, 2, 104, 105]) + wait + transmit,
            [0, Step.close.rawValue] + transmit + frames([0x01]) + transmit + wait,
            [0] + frames([0x0E]),
        ]
    }
}

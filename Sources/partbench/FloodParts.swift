import SealiftBase
import SealiftCrypto
import SealiftTestSupport
import SealiftTransport

/// Datagrams of the size of a handshake's, from strangers who guess tags.
///
/// A sender's port is open to everybody: what has no known tag must cost one look-up and no memory.
struct StrangersPart: Part {
    static let name = "strangers"
    static let bytesPerRun = packetsPerRun * size
    static let packetsPerRun = 64
    private static let size = 794

    private var responder: HandshakeResponder
    private let datagrams = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Self.bytesPerRun, alignment: 64)
    private var generator = SeededGenerator(seed: 11)

    init() throws {
        var entropy = SeededEntropy(seed: 12)
        responder = HandshakeResponder(local: .generate(entropy: &entropy), entropy: entropy)
        for _ in 0..<4 { responder.accept(.generate(entropy: &entropy), role: .ticket) }
    }

    mutating func prepare() throws {
        for index in 0..<Self.packetsPerRun {
            let start = index * Self.size
            for offset in stride(from: 1, to: 25, by: 8) {
                datagrams.storeBytes(
                    of: generator.next(), toByteOffset: start + offset, as: UInt64.self)
            }
            datagrams[start] = 0xE1
            // Fragment 0 or 1 of 2.
            datagrams[start + 25] = UInt8(index & 1) << 4 | 2
        }
    }

    mutating func run() throws {
        for index in 0..<Self.packetsPerRun {
            let start = index * Self.size
            let datagram = UnsafeRawBufferPointer(
                rebasing: datagrams[start..<(start + Self.size)])
            guard case .ignored = responder.receive(datagram, now: .zero) else {
                throw PartFailure.refused("a stranger was answered")
            }
        }
    }
}

/// A connection, and a peer that holds its keys and fills each packet with a hundred frames made to
/// cost memory.
private struct Siege {
    static let packets = 16
    static let framesEach = 100
    private static let roomEach = 2_048
    /// Below the limit of a generation (PROTOCOL §5.1).
    private static let mostPackets: UInt64 = 1 << 20

    private var connection: Connection
    private var attacker: PacketProtection
    private let bytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: packets * roomEach, alignment: 64)
    private let answers = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 64)
    private var sizes = [Int](repeating: 0, count: packets)
    private var nextNumber: UInt64 = 0
    private var nextFrame: UInt64 = 0

    init() throws {
        let pair = try SessionPair(seed: 13)
        connection = Connection(
            session: pair.initiator,
            configuration: ConnectionConfiguration(packetNumberSkipSeed: 1),
            now: .zero)
        connection.expectObjects(first: ObjectID(rawValue: 0), lengths: [Self.objectSize])
        attacker = PacketProtection(session: pair.responder)
    }

    /// The object whose bytes come with gaps.
    static let objectSize = 262_176

    /// Seals the packets of the next run.
    mutating func prepare(_ frame: (UInt64, inout ByteWriter) -> Void) throws {
        // What was to be answered is answered, so that nothing waits.
        while connection.pollTransmit(into: answers, now: .zero) != nil {}
        while connection.pollEvent() != nil {}
        guard nextNumber < Self.mostPackets else {
            self = try Siege()
            return try prepare(frame)
        }
        for packet in 0..<Self.packets {
            var frames = ByteWriter(capacity: Self.roomEach)
            for _ in 0..<Self.framesEach {
                frame(nextFrame, &frames)
                nextFrame += 1
            }
            let datagram = UnsafeMutableRawBufferPointer(
                rebasing: bytes[(packet * Self.roomEach)..<((packet + 1) * Self.roomEach)])
            UnsafeMutableRawBufferPointer(rebasing: datagram[PacketProtection.headerSize...])
                .copyBytes(from: frames.bytes)
            sizes[packet] = try attacker.seal(
                packetNumber: nextNumber, plaintextCount: frames.count, in: datagram)
            nextNumber += 1
        }
    }

    mutating func run() throws {
        for packet in 0..<Self.packets {
            let start = packet * Self.roomEach
            connection.receive(
                UnsafeRawBufferPointer(rebasing: bytes[start..<(start + sizes[packet])]), now: .zero
            )
        }
        guard connection.state == .open else { throw PartFailure.refused("the session ended") }
    }
}

/// One byte of an object and a gap, again and again (quinn RUSTSEC-2026-0185).
struct GapsPart: Part {
    static let name = "gaps"
    static let bytesPerRun = Siege.packets * Siege.framesEach
    static let packetsPerRun = Siege.packets

    private var siege: Siege

    init() throws { siege = try Siege() }

    mutating func prepare() throws {
        try siege.prepare { index, frames in
            frames.write(UInt8(0x04))
            frames.write(UInt8(0x00))
            frames.writeVariableLengthInteger(2 * (index % UInt64(Siege.objectSize / 2)))
            frames.write([0x01, 0xAA])
        }
    }

    mutating func run() throws { try siege.run() }
}

/// Path challenges without end (quic-go CVE-2023-49295).
struct ChallengesPart: Part {
    static let name = "challenges"
    static let bytesPerRun = Siege.packets * Siege.framesEach * 9
    static let packetsPerRun = Siege.packets

    private var siege: Siege

    init() throws { siege = try Siege() }

    mutating func prepare() throws {
        try siege.prepare { index, frames in
            frames.write(UInt8(0x07))
            frames.write(index)
        }
    }

    mutating func run() throws { try siege.run() }
}

import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftTestSupport
import SealiftTransport

/// Two connections over a link that loses nothing, and what is on the way between them.
private struct Wire {
    /// As large as what travels: a piece and its hash.
    static let objectSize = Hash256.byteCount + PieceGeometry.pieceSize
    static let datagramSize = 1_452
    static let packets = 45

    var near: Connection
    var far: Connection
    var now = Instant.zero
    let train = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 4_096)
    var filled = 0
    private var nextObject: UInt64 = 0
    private let answer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 64)
    private let content = ObjectBuffer(count: Wire.objectSize)
    private static let step = Duration.milliseconds(1)

    init() throws {
        content.bytes.initializeMemory(as: UInt8.self, repeating: 0x5A)
        let pair = try SessionPair(seed: 2)
        var configuration = ConnectionConfiguration(packetNumberSkipSeed: 3)
        configuration.maximumDatagramSize = Self.datagramSize
        configuration.datagramSizeCeiling = Self.datagramSize
        configuration.congestion = .fixedRate(bytesPerSecond: 1e12)
        near = Connection(session: pair.responder, configuration: configuration, now: now)
        far = Connection(session: pair.initiator, configuration: configuration, now: now)
        // Both ends learn that the other is there, and the round-trip time.
        for _ in 0..<64 { try cycle() }
    }

    /// Moves the clock on and sees that there is something to send.
    mutating func wind() {
        now = now + Self.step
        while near.pollEvent() != nil {}
        while far.pollEvent() != nil {}
        near.handleTimeout(now: now)
        far.handleTimeout(now: now)
        while near.bytesQueuedToSend < 1 << 20 {
            let id = ObjectID(rawValue: nextObject)
            nextObject += 1
            far.expectObjects(first: id, lengths: [Self.objectSize])
            near.sendObject(id, content)
        }
    }

    /// The sender fills one train of datagrams.
    mutating func packetise() throws {
        guard let sent = near.pollTransmit(into: train, now: now) else {
            throw PartFailure.refused("the connection has nothing to send")
        }
        filled = sent.byteCount
    }

    /// The receiver takes the train in.
    mutating func reassemble() {
        for start in stride(from: 0, to: filled, by: Self.datagramSize) {
            let end = min(start + Self.datagramSize, filled)
            far.receive(UnsafeRawBufferPointer(rebasing: train[start..<end]), now: now)
        }
    }

    /// The receiver's packets go back.
    mutating func acknowledge() {
        while let sent = far.pollTransmit(into: answer, now: now) {
            for start in stride(from: 0, to: sent.byteCount, by: sent.segmentSize) {
                let end = min(start + sent.segmentSize, sent.byteCount)
                near.receive(UnsafeRawBufferPointer(rebasing: answer[start..<end]), now: now)
            }
        }
    }

    mutating func cycle() throws {
        wind()
        try packetise()
        now = now + Self.step
        reassemble()
        acknowledge()
    }
}

/// From objects to a train of sealed datagrams: frames, bookkeeping, sealing.
struct PacketisePart: Part {
    static let name = "packetise"
    static let bytesPerRun = Wire.packets * Wire.datagramSize
    static let packetsPerRun = Wire.packets

    private var wire: Wire

    init() throws { wire = try Wire() }

    mutating func prepare() throws {
        wire.now = wire.now + .milliseconds(1)
        wire.reassemble()
        wire.acknowledge()
        wire.wind()
    }

    mutating func run() throws { try wire.packetise() }
}

/// From sealed datagrams to the bytes of an object in their place.
struct ReassemblePart: Part {
    static let name = "reassemble"
    static let bytesPerRun = Wire.packets * Wire.datagramSize
    static let packetsPerRun = Wire.packets

    private var wire: Wire

    init() throws { wire = try Wire() }

    mutating func prepare() throws {
        wire.acknowledge()
        wire.wind()
        try wire.packetise()
        wire.now = wire.now + .milliseconds(1)
    }

    mutating func run() throws { wire.reassemble() }
}

/// The acknowledgements of a train: made, sealed, opened, and what they settle at the sender.
struct AcknowledgePart: Part {
    static let name = "acknowledge"
    static let bytesPerRun = Wire.packets * Wire.datagramSize
    static let packetsPerRun = Wire.packets

    private var wire: Wire

    init() throws { wire = try Wire() }

    mutating func prepare() throws {
        wire.wind()
        try wire.packetise()
        wire.now = wire.now + .milliseconds(1)
        wire.reassemble()
    }

    mutating func run() throws { wire.acknowledge() }
}

import DequeModule
public import SealiftBase
public import SealiftCrypto

/// One encrypted session's transport: objects that were asked for and a control stream, reliable
/// over datagrams that get lost, doubled and reordered (PROTOCOL §5, §6).
///
/// A value without I/O, clock or randomness of its own. Its methods are of four kinds:
/// - **inputs**: ``receive(_:on:ecn:now:)``, ``handleTimeout(now:)`` at ``nextTimeout``;
/// - **outputs**: ``pollTransmit(into:now:)`` and ``pollEvent()``, each until nil after any input or
///   command;
/// - **commands**: the control stream, objects, other paths, closing;
/// - **getters**.
///
/// A connection only routes between the values that hold the rules. It must not be copied and then
/// used twice: two copies would seal different packets under one number.
public struct Connection: Sendable {
    /// Where a connection stands.
    public enum State: Equatable, Sendable {
        /// Everything works.
        case open
        /// This end closed; the close frame is repeated until the peer answers it, or for a while.
        case closing
        /// The peer closed; it is told once that this end knows, and nothing more.
        case draining
        /// Nothing is left to do.
        case closed
    }

    /// Path challenges kept for an answer; more in one go are dropped (CVE-2023-49295).
    static let pathResponseLimit = 4
    /// Packets without anything to acknowledge after which one asks for an ACK itself, so that the
    /// records of what was sent and received stay short (RFC 9000 §13.2.4).
    static let silentPacketLimit = 32
    /// Control bytes waiting that make large datagrams worth a search (PROTOCOL §5.2).
    static let bulkControlBacklog = 16_384

    var configuration: ConnectionConfiguration
    let isInitiator: Bool
    var protection: PacketProtection
    var ratchet: RatchetExchange
    /// Packets sealed under the generation noted beside: the count that §5.1 bounds.
    var sealedInGeneration: UInt64 = 0
    var sealedGeneration: UInt64 = 0
    let scratch = PlaintextScratch()

    /// Where packets go.
    public internal(set) var remote: PathID
    var path: SendingPath
    /// The highest local sequence that the peer acknowledged a packet of.
    var acknowledgedSequence: UInt32 = 0
    /// Ways from other local addresses that were tried, each with a connection id of its own.
    var sideRoutes: [SideRoute] = []
    var validation = PathValidation()
    /// Round trips asked for on the present path and on others.
    var sampling = PathSampling()
    /// The path that this end left by its own choice, until the peer is heard on the one it took: what
    /// comes there still is no move of the peer's.
    var leftPath: PathID?
    /// Sequence and number of the peer's newest packet that was no mere probe.
    var newestPacket: (UInt32, UInt64) = (0, 0)
    /// When a packet came on the present path last.
    var lastOpenedOnPathAt: Instant
    /// What came under the peer's connection ids, in order of first use; at most 8.
    var received: [ReceivedPackets] = []
    /// What the peer asked of this end's acknowledging.
    var peerFrequency = AcknowledgementFrequency(
        sequence: 0, packets: 2, delayMicroseconds: 25_000)
    var hasPeerFrequency = false
    /// What this end asks of the peer's, and whether that is still to be sent.
    var frequencyPolicy = AcknowledgementFrequencyPolicy()
    var frequencyIsPending = false

    var outgoingObjects = OutgoingObjects()
    var incomingObjects = IncomingObjects()
    var outgoingControl: OutgoingControlStream
    var incomingControl: IncomingControlStream
    var creditIsPending = false
    var pingIsPending = false
    /// Answers to path challenges not yet sent.
    var pathResponses: [PathResponse] = []
    /// Whether any object was sent, or as much control data waited: only then large datagrams are worth a
    /// search.
    var sendsBulk = false
    /// Packets sent since the last that asked for an ACK.
    var silentPackets = 0

    var events = Deque<ConnectionEvent>()
    /// Where the connection stands.
    public internal(set) var state = State.open
    var closing: Closing?
    var isEstablished = false
    var lastOpenedAt: Instant
    var lastElicitingSentAt: Instant
    var counters = ConnectionStatistics()

    // Kept between packets so that nothing is allocated per packet.
    var rangesScratch: [ClosedRange<UInt64>] = []
    var acknowledgedScratch: [SentFrame] = []
    var lostScratch: [SentFrame] = []

    /// Starts a connection on the keys of a finished handshake.
    /// - Parameter remote: the path that the handshake went.
    public init(
        session: EstablishedSession, configuration: ConnectionConfiguration,
        on remote: PathID = .only, now: Instant
    ) {
        self.configuration = configuration
        self.remote = remote
        isInitiator = session.role == .initiator
        protection = PacketProtection(session: session, limits: configuration.keyLimits)
        ratchet = RatchetExchange(now: now)
        path = SendingPath(sequence: 0, firstNumber: 0, configuration: configuration, now: now)
        let credit = UInt64(configuration.initialControlCredit)
        outgoingControl = OutgoingControlStream(limit: credit)
        incomingControl = IncomingControlStream(window: credit)
        lastOpenedAt = now
        lastOpenedOnPathAt = now
        lastElicitingSentAt = now
        rangesScratch.reserveCapacity(65)
        acknowledgedScratch.reserveCapacity(1024)
        lostScratch.reserveCapacity(1024)
    }

    // MARK: Events

    /// The next event, or nil.
    public mutating func pollEvent() -> ConnectionEvent? {
        events.popFirst()
    }

    /// Sends a ping, to hear whether the peer is there.
    public mutating func ping() {
        if state == .open { pingIsPending = true }
    }

    // MARK: Control stream

    /// Queues bytes on the control stream. They are kept until the peer has them: the caller holds
    /// back while ``controlSendBacklog`` is large. Ignored once the connection is closing.
    public mutating func writeControl(_ bytes: some Collection<UInt8>) {
        guard state == .open else { return }
        outgoingControl.append(bytes)
        if controlSendBacklog >= Self.bulkControlBacklog { sendsBulk = true }
    }

    /// Control bytes not yet sent once.
    public var controlSendBacklog: Int { outgoingControl.unsentByteCount }

    /// Whether the peer has acknowledged every control byte written.
    public var isControlDelivered: Bool { outgoingControl.isDelivered }

    /// Appends to `bytes` all control bytes that are in order, and credits the peer for them.
    public mutating func readControl(into bytes: inout [UInt8]) {
        if incomingControl.read(into: &bytes) { creditIsPending = true }
    }

    // MARK: Objects, receiving

    /// Expects objects of consecutive ids, and so allows the peer to send them. An object's memory
    /// is allocated when its first byte comes.
    ///
    /// - Parameters:
    ///   - first: the next unused id.
    ///   - lengths: of the objects in order, 1 to 2^32 − 1 bytes each.
    public mutating func expectObjects(first: ObjectID, lengths: some Collection<Int>) {
        guard state == .open else { return }
        incomingObjects.expect(first: first, lengths: lengths)
    }

    /// Gives up an object that was expected: its memory is let go, what still comes is ignored.
    public mutating func withdrawObject(_ id: ObjectID) {
        incomingObjects.withdraw(id)
    }

    /// Objects expected and not complete.
    public var expectedObjectCount: Int { incomingObjects.expectedCount }

    // MARK: Objects, sending

    /// Sends an object that the peer asked for, behind those queued before. The buffer is let go
    /// when all of it is acknowledged. Ignored once the connection is closing.
    public mutating func sendObject(_ id: ObjectID, _ buffer: ObjectBuffer) {
        guard state == .open else { return }
        sendsBulk = true
        outgoingObjects.append(id, buffer)
    }

    /// Object bytes not yet sent once: whoever reads the disk stays ahead by this.
    public var bytesQueuedToSend: Int { outgoingObjects.unsentByteCount }

    /// Objects that these bytes belong to.
    public var objectsQueuedToSend: Int { outgoingObjects.unsentCount }

    // MARK: Getters

    /// The largest datagram sent now, in bytes: 1,200 until the path is known to carry more.
    public var maximumDatagramSize: Int { path.datagramSize }

    /// Sends datagrams of `size` bytes, 1,200 to 65,507, from now on, and searches for no other size.
    /// What is in flight stays valid.
    public mutating func fixDatagramSize(_ size: Int, now: Instant) {
        path.setDatagramSize(max(PathMTUSearch.base, min(size, 65_507)), now: now)
    }

    /// The kernel took no datagram of `size` bytes: the interface carries less. Never to be called
    /// for what a router says, which anybody can forge.
    public mutating func datagramRefused(size: Int, now: Instant) {
        path.datagramRefused(size: size, now: now)
    }

    /// The probe timeout of the present path without backoff (RFC 9002 §6.2.1).
    public var probeTimeout: Duration { .nanoseconds(path.probeTimeout) }

    /// What was measured so far.
    public var statistics: ConnectionStatistics {
        var result = counters
        if path.rtt.hasSample {
            result.smoothedRTT = .nanoseconds(path.rtt.smoothed)
            result.minimumRTT = .nanoseconds(path.rtt.minimum)
        }
        result.packetsReordered = received.reduce(0) { $0 + $1.reorderedCount }
        result.packetsLost = path.packetsLost
        result.packetsSpuriouslyLost = path.packetsSpuriouslyLost
        result.bytesInFlight = path.sent.bytesInFlight
        result.congestionWindow = path.congestion.congestionWindow
        result.congestionEvents = path.congestion.reductions
        result.deliveryRate = path.sampler.latest?.bytesPerSecond
        return result
    }
}

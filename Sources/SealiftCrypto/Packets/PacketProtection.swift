public import SealiftBase

/// Seals and opens the packets of one session (PROTOCOL §5): keys by generation, counters, replay.
///
/// Nothing a stranger sends moves anything here: state changes only after a packet opened under a
/// key that only the peer has. See `PacketProtection+Generations.swift` for the rekeying rules.
public struct PacketProtection: Sendable {
    /// Bytes before the ciphertext.
    public static let headerSize = PacketHeader.size
    /// Bytes behind the ciphertext.
    public static let tagSize = 16
    /// What a packet adds to its frames.
    public static let overhead = headerSize + tagSize
    /// How many sequences above the peer's highest are recognised, and how many below are kept.
    public static let sequencesAhead: UInt32 = 8

    /// A packet that opened and is new.
    public struct Opened: Equatable, Sendable {
        /// Its number under its connection id.
        public let packetNumber: UInt64
        /// The sequence of its connection id, as an ACK names it.
        public let sequence: UInt32
        /// The generation whose key opened it.
        public let generation: UInt64
        /// How many bytes of frames were written.
        public let plaintextCount: Int
        /// Whether this packet moved the session to a new generation: what is sent from now on is
        /// under it.
        public let startedNewGeneration: Bool
    }

    let side: HandshakeSide
    let limits: PacketProtectionLimits
    private let connectionIDSecret: SecretBytes
    var schedule: PacketKeySchedule
    var sendPaths: [SendPath] = []
    var receivePaths: [ReceivePath] = []
    /// The highest sequence of the peer under which a packet opened.
    public private(set) var highestPeerSequence: UInt32 = 0
    /// The index in `receivePaths` that matched last: most packets find their path at once.
    private var lastReceivePath = 0

    /// Packets of a known connection id that failed to open. Never falls.
    public private(set) var failedOpenCount: UInt64 = 0
    /// When the present generation began here; generation 0 begins with the first packet that opens.
    var generationStart: Instant?
    /// Packets opened in the present generation.
    var openedInGeneration: UInt64 = 0
    /// Whether a packet sent under the present generation was acknowledged.
    var generationIsAcknowledged = false
    /// Whether keys of g − 1 are kept.
    var keepsPreviousKeys = false
    /// When the peer was first seen to use the present generation, while keys of the one before are
    /// kept; nil otherwise.
    public internal(set) var previousKeysUnneededSince: Instant?
    /// Whether a ratchet offer of ours waits for its answer.
    var ratchetIsUnanswered = false

    /// Makes the protection of a new session, with local sequence 0.
    public init(session: EstablishedSession, limits: PacketProtectionLimits = .init()) {
        side = session.role
        self.limits = limits
        connectionIDSecret = session.secrets.connectionIDs
        schedule = PacketKeySchedule(firstSecret: session.secrets.traffic)
        addSendPath(sequence: 0)
        addReceivePaths(0...Self.sequencesAhead)
    }

    /// The generation that is sent under: g.
    public var generation: UInt64 { schedule.generation }

    /// Whether so many packets failed to open that the session must end (PROTOCOL §5.1).
    public var isExhausted: Bool { failedOpenCount >= limits.failedOpens }

    // MARK: Connection ids

    /// connection id(direction, sequence, lane) of PROTOCOL §5.
    public func connectionID(
        direction: HandshakeDirection, sequence: UInt32, lane: UInt8 = 0
    ) -> ConnectionID {
        ConnectionID(
            secret: connectionIDSecret, direction: direction, sequence: sequence, lane: lane)
    }

    /// The connection ids that the peer's packets may carry now: for finding a datagram's session.
    public var acceptedConnectionIDs: [ConnectionID] {
        receivePaths.map { ConnectionID(rawValue: $0.connectionID) }
    }

    /// The local sequences that may be sealed under, ascending.
    public var localSequences: [UInt32] { sendPaths.map(\.sequence) }

    /// Begins the next local sequence, for a new local address. Its packet numbers start at 0.
    /// - Returns: the sequence, or nil if all 2^32 were used.
    public mutating func addLocalSequence() -> UInt32? {
        guard let last = sendPaths.last?.sequence, last < .max else { return nil }
        addSendPath(sequence: last + 1)
        return last + 1
    }

    /// Ends a local sequence: nothing is sealed under it again. The newest one stays.
    public mutating func retireLocalSequence(_ sequence: UInt32) {
        guard sequence != sendPaths.last?.sequence else { return }
        sendPaths.removeAll { $0.sequence == sequence }
    }

    private mutating func addSendPath(sequence: UInt32) {
        let direction = side.sendDirection
        sendPaths.append(
            SendPath(
                sequence: sequence,
                connectionID: connectionID(direction: direction, sequence: sequence).rawValue,
                cipher: PacketCipher(
                    key: schedule.currentKey(direction: direction, sequence: sequence))))
    }

    private mutating func addReceivePaths(_ sequences: ClosedRange<UInt32>) {
        for sequence in sequences {
            let id = connectionID(direction: side.peer.sendDirection, sequence: sequence)
            receivePaths.append(ReceivePath(sequence: sequence, connectionID: id.rawValue))
        }
    }

    /// After a packet opened under `sequence`: keeps the table around the highest one.
    private mutating func moveReceivePaths(to sequence: UInt32) {
        guard sequence > highestPeerSequence, let last = receivePaths.last?.sequence else { return }
        highestPeerSequence = sequence
        let (sum, overflow) = sequence.addingReportingOverflow(Self.sequencesAhead)
        let newLast = overflow ? UInt32.max : sum
        if newLast > last { addReceivePaths((last + 1)...newLast) }
        if sequence > Self.sequencesAhead {
            receivePaths.removeAll { $0.sequence < sequence - Self.sequencesAhead }
        }
        lastReceivePath = 0
    }

    // MARK: Sealing

    /// Seals `datagram[17..<17 + plaintextCount]` in place: writes the header before and the tag
    /// behind it.
    ///
    /// - Parameters:
    ///   - packetNumber: above all before under this sequence; gaps are the caller's choice.
    ///   - plaintextCount: at least 1.
    ///   - datagram: at least `plaintextCount + 33` bytes.
    ///   - sequence: the local sequence whose connection id is used.
    /// - Returns: the size of the packet.
    /// - Throws: ``PacketProtectionError``; the counter has not moved, except that after
    ///   ``PacketProtectionError/backendFailed`` the number is used up.
    public mutating func seal(
        packetNumber: UInt64, plaintextCount: Int, in datagram: UnsafeMutableRawBufferPointer,
        sequence: UInt32 = 0
    ) throws(PacketProtectionError) -> Int {
        guard plaintextCount >= 1, plaintextCount <= datagram.count - Self.overhead else {
            throw .invalidSize
        }
        guard let index = sendPaths.firstIndex(where: { $0.sequence == sequence }) else {
            throw .unknownSequence
        }
        guard packetNumber >= sendPaths[index].nextNumber else { throw .packetNumberNotIncreasing }
        guard packetNumber <= VariableLengthInteger.maximum else { throw .packetNumberOutOfRange }
        guard sendPaths[index].sealedInGeneration < limits.packetsPerGeneration else {
            throw .generationExhausted
        }
        // The number is used up before anything is sealed under it: no failure can repeat a nonce.
        sendPaths[index].nextNumber = packetNumber + 1
        sendPaths[index].sealedInGeneration += 1
        PacketHeader(
            generation: generation, connectionID: sendPaths[index].connectionID,
            packetNumber: packetNumber
        ).write(to: datagram)
        let textEnd = Self.headerSize + plaintextCount
        let sealed = sendPaths[index].cipher.seal(
            nonce: PacketNonce(packetNumber: packetNumber),
            header: UnsafeRawBufferPointer(rebasing: datagram[..<Self.headerSize]),
            text: UnsafeMutableRawBufferPointer(rebasing: datagram[Self.headerSize..<textEnd]),
            tag: UnsafeMutableRawBufferPointer(
                rebasing: datagram[textEnd..<(textEnd + Self.tagSize)]))
        guard sealed else { throw .backendFailed }
        return textEnd + Self.tagSize
    }

    // MARK: Opening

    /// Opens a packet into `plaintext`, which lies elsewhere and has at least
    /// `datagram.count - 33` bytes.
    ///
    /// - Returns: nil for anything that is not a new, authentic packet of this session: unknown
    ///   connection id, number seen or too old, wrong tag, erased generation, or an exhausted
    ///   session. Nothing but ``failedOpenCount`` has then changed.
    public mutating func open(
        _ datagram: UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawBufferPointer,
        now: Instant
    ) -> Opened? {
        let count = datagram.count - Self.overhead
        guard count >= 1, plaintext.count >= count, !isExhausted,
            let header = PacketHeader(datagram),
            let index = receivePathIndex(header.connectionID),
            receivePaths[index].window.isNew(header.packetNumber),
            let (cipher, age) = cipher(for: header.generationBits, at: index)
        else { return nil }
        let textEnd = datagram.count - Self.tagSize
        let opened = cipher.open(
            nonce: PacketNonce(packetNumber: header.packetNumber),
            header: UnsafeRawBufferPointer(rebasing: datagram[..<Self.headerSize]),
            ciphertext: UnsafeRawBufferPointer(rebasing: datagram[Self.headerSize..<textEnd]),
            tag: UnsafeRawBufferPointer(rebasing: datagram[textEnd...]),
            into: UnsafeMutableRawBufferPointer(rebasing: plaintext[..<count]))
        guard opened else {
            failedOpenCount += 1
            return nil
        }
        let sequence = receivePaths[index].sequence
        receivePaths[index].window.insert(header.packetNumber)
        moveReceivePaths(to: sequence)
        packetOpened(under: age, now: now)
        return Opened(
            packetNumber: header.packetNumber, sequence: sequence,
            generation: age == .previous ? generation - 1 : generation, plaintextCount: count,
            startedNewGeneration: age == .next)
    }

    private mutating func receivePathIndex(_ connectionID: UInt64) -> Int? {
        if receivePaths[lastReceivePath].connectionID == connectionID { return lastReceivePath }
        guard let index = receivePaths.firstIndex(where: { $0.connectionID == connectionID }) else {
            return nil
        }
        lastReceivePath = index
        return index
    }
}

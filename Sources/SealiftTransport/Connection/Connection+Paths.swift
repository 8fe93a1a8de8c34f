public import SealiftBase
import SealiftCrypto

/// Paths (PROTOCOL §5.3): proving others, and moving to them.
extension Connection {
    /// A way that starts elsewhere than the present one: it has a connection id of its own, so that
    /// none is ever used from two local addresses.
    struct SideRoute {
        let path: PathID
        let sequence: UInt32
        /// The number of the next packet sent there.
        var nextNumber: UInt64 = 0
    }

    /// Local sequences that may be begun above the latest one that the peer acknowledged: one less
    /// than it looks ahead, so that it always knows our packets.
    static let sequencesAhead = PacketProtection.sequencesAhead - 1
    /// Bytes of a packet that holds a challenge or an answer.
    static let pathPacketSize = PacketProtection.overhead + 9
    /// The least time between two challenges on one path.
    static let leastChallengeInterval: Duration = .milliseconds(100)

    // MARK: Commands

    /// Asks on another path whether the peer is there, under a connection id not used yet. If it
    /// answers, and nothing came on the present path meanwhile, the connection moves there.
    ///
    /// Does nothing where the path is the present one or is being tried already, and where as many
    /// connection ids were begun as the peer can know of.
    public mutating func tryPath(_ path: PathID, now: Instant) {
        guard state == .open, path != remote, !validation.contains(path), sideRoute(to: path) != nil
        else { return }
        beginValidation(of: path, motive: .search, bytesReceived: 0, now: now)
    }

    /// This machine's address has changed: all that follows goes out under the next connection id,
    /// and what is known of the path counts no more.
    public mutating func localAddressChanged(now: Instant) {
        guard state == .open else { return }
        let sequence = nextSequence()
        for route in sideRoutes { protection.retireLocalSequence(route.sequence) }
        sideRoutes.removeAll()
        validation.removeAll()
        sampling.removeAll()
        guard let sequence else {
            // The peer would not know another: better the old one than none.
            restartPath(now: now)
            return
        }
        changeSequence(to: sequence, firstNumber: 0, now: now)
        // The peer learns the new address from a packet; nothing else may be waiting.
        pingIsPending = true
    }

    // MARK: Receiving

    /// Notes where an opened packet came from, after its frames were processed.
    mutating func packetOpened(
        on path: PathID, sequence: UInt32, number: UInt64, bytes: Int, isProbing: Bool,
        now: Instant
    ) {
        var isNewest = false
        if !isProbing, (sequence, number) >= newestPacket {
            newestPacket = (sequence, number)
            isNewest = true
        }
        if path == remote { lastOpenedOnPathAt = now }
        if isNewest, path == remote { leftPath = nil }
        // Nearly every packet of nearly every session ends here.
        if path == remote, validation.candidates.isEmpty { return }
        // The peer goes on sending where it did until it has proven the path that this end took.
        if isNewest, path == leftPath { return }
        if isNewest, path != remote, !validation.contains(path) {
            beginValidation(
                of: path, motive: .follow(isWanted: true), bytesReceived: 0, now: now)
        }
        validation.packetOpened(on: path, bytes: bytes, isNewest: isNewest)
    }

    mutating func receiveChallenge(_ value: UInt64, on path: PathID) {
        guard pathResponses.count < Self.pathResponseLimit else { return }
        pathResponses.append(PathResponse(path: path, value: value))
    }

    mutating func receiveResponse(_ value: UInt64, on source: PathID, now: Instant) {
        if let roundTrip = sampling.answered(value, on: source, now: now) {
            events.append(.pathMeasured(source, roundTrip))
            return
        }
        guard let proven = validation.answered(value) else { return }
        switch proven.motive {
        case .search:
            // Found again on the old path in the meantime: no reason to move.
            guard lastOpenedOnPathAt < proven.startedAt else { return }
        case .follow(let isWanted):
            guard isWanted else { return }
        }
        move(to: proven.path, now: now)
    }

    // MARK: Moving

    private mutating func beginValidation(
        of path: PathID, motive: PathValidation.Motive, bytesReceived: Int, now: Instant
    ) {
        let interval = max(.nanoseconds(self.path.probeTimeout), Self.leastChallengeInterval)
        validation.begin(
            path, motive: motive, challenge: randomWord(), bytesReceived: bytesReceived,
            interval: interval, now: now)
    }

    mutating func randomWord() -> UInt64 {
        func draw(_ source: inout some EntropySource) -> [UInt8] { source.bytes(8) }
        var entropy = configuration.ratchetEntropy
        let bytes = draw(&entropy)
        configuration.ratchetEntropy = entropy
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func move(to path: PathID, now: Instant) {
        remote = path
        leftPath = nil
        lastOpenedOnPathAt = now
        if let index = sideRoutes.firstIndex(where: { $0.path == path }) {
            let route = sideRoutes.remove(at: index)
            changeSequence(to: route.sequence, firstNumber: route.nextNumber, now: now)
        } else {
            restartPath(now: now)
        }
        // The peer learns of the move from a packet that is no probe.
        pingIsPending = true
    }

    private mutating func restartPath(now: Instant) {
        path.restart(configuration: configuration, now: now, lost: &lostScratch)
        requeueLostFrames()
    }

    private mutating func changeSequence(to sequence: UInt32, firstNumber: UInt64, now: Instant) {
        path.abandon(lost: &lostScratch)
        requeueLostFrames()
        let before = path.sequence
        path = SendingPath(
            sequence: sequence, firstNumber: firstNumber, configuration: configuration, now: now)
        protection.retireLocalSequence(before)
    }

    /// Begins the next local sequence, unless the peer might not know it.
    private mutating func nextSequence() -> UInt32? {
        guard let last = protection.localSequences.last,
            last - acknowledgedSequence < Self.sequencesAhead
        else { return nil }
        return protection.addLocalSequence()
    }

    /// The index of the connection id for `path`; makes one where there is none yet.
    mutating func sideRoute(to path: PathID) -> Int? {
        if let index = sideRoutes.firstIndex(where: { $0.path == path }) { return index }
        guard let sequence = nextSequence() else { return nil }
        sideRoutes.append(SideRoute(path: path, sequence: sequence))
        return sideRoutes.count - 1
    }

    // MARK: Transmitting

    /// Whether any challenge or answer waits. They wait for no window: on a path just taken it may be
    /// full of what will never arrive (RFC 9000 §8.2.2).
    var hasPathWork: Bool {
        validation.isChallengeDue || sampling.isDue || !pathResponses.isEmpty
    }

    /// Writes one packet that holds an answer, or a challenge on another path.
    mutating func transmitPathPacket(
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> Transmission? {
        while let response = pathResponses.popLast() {
            guard validation.mayAnswer(on: response.path, size: Self.pathPacketSize) else {
                continue
            }
            let isSearched = sideRoutes.contains { $0.path == response.path }
            return writePathPacket(
                .pathResponse, response.value, to: response.path, needsOwnID: isSearched, buffer,
                now: now)
        }
        while let candidate = validation.takeChallenge(size: Self.pathPacketSize) {
            let sent = writePathPacket(
                .pathChallenge, candidate.challenge, to: candidate.path,
                needsOwnID: candidate.motive == .search, buffer, now: now)
            if sent != nil { return sent }
        }
        while let sample = sampling.takeDue(now: now) {
            let sent = writePathPacket(
                .pathChallenge, sample.challenge, to: sample.path,
                needsOwnID: sample.path != remote, buffer, now: now)
            if sent != nil { return sent }
        }
        return nil
    }

    private mutating func writePathPacket(
        _ type: FrameType, _ value: UInt64, to target: PathID, needsOwnID: Bool,
        _ buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> Transmission? {
        guard buffer.count >= Self.pathPacketSize, maySeal else { return nil }
        var (number, sequence) = (UInt64(0), path.sequence)
        if needsOwnID || !target.startsWhere(remote) {
            guard let index = sideRoute(to: target) else { return nil }
            (number, sequence) = (sideRoutes[index].nextNumber, sideRoutes[index].sequence)
            sideRoutes[index].nextNumber += 1
        } else {
            number = path.takeNextNumber()
        }
        var frames = FrameWriter(
            UnsafeMutableRawBufferPointer(
                rebasing: buffer[PacketProtection.headerSize..<buffer.count]))
        _ = frames.writePath(type, value)
        guard
            let size = seal(
                number, plaintextCount: frames.count, in: buffer, sequence: sequence, now: now)
        else { return nil }
        if sequence == path.sequence {
            // Nothing waits for its ACK: what matters is the answer.
            path.packetSent(
                number: number, size: size, firstFrame: path.nextFrame, isAckEliciting: false,
                isInFlight: false, now: now)
        }
        counters.packetsSent += 1
        counters.bytesSent += UInt64(size)
        return Transmission(byteCount: size, segmentSize: size, path: target)
    }
}

/// An answer to a path challenge, which goes where the challenge came from.
struct PathResponse {
    let path: PathID
    let value: UInt64
}

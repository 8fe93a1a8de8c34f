public import SealiftBase
import SealiftCrypto

extension Connection {
    /// Takes in one datagram. What does not open is dropped in silence; what opens and breaks the
    /// protocol closes the connection, and nothing of the packet after that place is used.
    ///
    /// - Parameters:
    ///   - source: the path that it came on.
    ///   - ecn: the congestion field of its IP header, if known.
    public mutating func receive(
        _ datagram: UnsafeRawBufferPointer, on source: PathID = .only, ecn: ECN = .notCapable,
        now: Instant
    ) {
        guard state == .open || state == .closing else { return }
        guard datagram.count > PacketProtection.overhead, datagram.count <= scratch.bytes.count,
            let opened = protection.open(datagram, into: scratch.bytes, now: now)
        else {
            if protection.isExhausted { closeForKeyExhaustion(now: now) }
            return
        }
        counters.packetsReceived += 1
        counters.bytesReceived += UInt64(datagram.count)
        lastOpenedAt = now
        if !isEstablished {
            isEstablished = true
            events.append(.established)
        }
        let plaintext = UnsafeRawBufferPointer(
            rebasing: scratch.bytes[..<opened.plaintextCount])
        guard state == .open else {
            receiveWhileClosing(plaintext, now: now)
            return
        }
        do {
            let outcome = try process(plaintext, on: source, now: now)
            packetOpened(
                on: source, sequence: opened.sequence, number: opened.packetNumber,
                bytes: datagram.count, isProbing: outcome.isProbing, now: now)
            guard state == .open, outcome.isAcceptable else { return }
            record(opened.packetNumber, sequence: opened.sequence, outcome, ecn: ecn, now: now)
        } catch {
            close(violation: error, now: now)
        }
    }

    /// What the frames of a packet ask for.
    struct PacketOutcome {
        var isAckEliciting = false
        var wantsImmediateAcknowledgement = false
        /// Whether it holds only what proves paths: then it is no sign that the peer moved (RFC 9000
        /// §9.1).
        var isProbing = true
        /// False if something was refused for want of room: the packet counts as lost.
        var isAcceptable = true
    }

    private mutating func process(
        _ plaintext: UnsafeRawBufferPointer, on source: PathID, now: Instant
    ) throws(Violation) -> PacketOutcome {
        guard !plaintext.isEmpty else { throw .emptyPacket }
        var outcome = PacketOutcome()
        var reader = FrameReader(plaintext)
        while state == .open, let frame = try reader.next(ranges: &rangesScratch) {
            if frame.isAckEliciting { outcome.isAckEliciting = true }
            try process(frame, &outcome, on: source, now: now)
        }
        return outcome
    }

    private mutating func process(
        _ frame: Frame, _ outcome: inout PacketOutcome, on source: PathID, now: Instant
    ) throws(Violation) {
        switch frame {
        case .padding: return
        case .pathChallenge(let value):
            receiveChallenge(value, on: source)
            return
        case .pathResponse(let value):
            receiveResponse(value, on: source, now: now)
            return
        default: outcome.isProbing = false
        }
        switch frame {
        case .padding, .ping, .pathChallenge, .pathResponse: break
        case .acknowledgement(let header): try acknowledge(header, now: now)
        case .objectData(let id, let offset, let bytes):
            switch try incomingObjects.receive(id, offset: offset, bytes: bytes) {
            case .accepted: break
            case .complete(let id, let buffer): events.append(.objectReceived(id, buffer))
            case .refused: outcome.isAcceptable = false
            }
        case .controlData(let offset, let bytes):
            switch try incomingControl.receive(offset: offset, bytes: bytes) {
            case .accepted: break
            case .readable: events.append(.controlReadable)
            case .refused: outcome.isAcceptable = false
            }
        case .controlCredit(let limit): outgoingControl.credit(limit: limit)
        case .ratchetOffer(let part): try receiveRatchetOffer(part)
        case .ratchetAnswer(let part): try receiveRatchetAnswer(part)
        case .immediateAcknowledgement: outcome.wantsImmediateAcknowledgement = true
        case .acknowledgementFrequency(let request):
            if !hasPeerFrequency || request.sequence > peerFrequency.sequence {
                hasPeerFrequency = true
                peerFrequency = request
            }
        case .close(let code, let reason): drain(code: code, reason: reason, now: now)
        }
    }

    private mutating func record(
        _ number: UInt64, sequence: UInt32, _ outcome: PacketOutcome, ecn: ECN, now: Instant
    ) {
        let index: Int
        if let known = received.firstIndex(where: { $0.sequence == sequence }) {
            index = known
        } else {
            // The packet protection accepts few sequences; of more than 8 the oldest is done with.
            if received.count == 8 { received.removeFirst() }
            received.append(ReceivedPackets(sequence: sequence))
            index = received.count - 1
        }
        received[index].record(
            number, isAckEliciting: outcome.isAckEliciting, ecn: ecn, now: now,
            frequency: peerFrequency)
        if outcome.wantsImmediateAcknowledgement { received[index].requestImmediately() }
    }

    // MARK: Acknowledgement

    private mutating func acknowledge(
        _ header: AcknowledgementHeader, now: Instant
    ) throws(Violation) {
        guard header.sequence == UInt64(path.sequence) else {
            // Of a path left, or of one that is being proven: nothing waits for it. Of a sequence
            // never begun it is a guess.
            guard header.sequence <= UInt64(protection.localSequences.last ?? 0) else {
                throw .acknowledgedUnsentPacket
            }
            return
        }
        let largest = try path.acknowledge(
            header, ranges: rangesScratch, now: now, acknowledged: &acknowledgedScratch,
            lost: &lostScratch)
        if let largest {
            protection.packetAcknowledged(largest, sequence: path.sequence)
            acknowledgedSequence = max(acknowledgedSequence, path.sequence)
        }
        settleAcknowledgedFrames()
        requeueLostFrames()
        guard path.rtt.hasSample else { return }
        let request = frequencyPolicy.update(
            congestionWindow: path.congestion.congestionWindow,
            isStartingUp: path.congestion.isStartingUp, datagramSize: path.datagramSize,
            minimumRTTNanoseconds: path.rtt.minimum, smoothedRTTNanoseconds: path.rtt.smoothed,
            now: now)
        if request != nil { frequencyIsPending = true }
    }

    private mutating func settleAcknowledgedFrames() {
        for index in acknowledgedScratch.indices {
            switch acknowledgedScratch[index] {
            case .objectData(let slot, let id, let offset, let length):
                let done = outgoingObjects.acknowledged(
                    slot: slot, id: id, offset: offset, length: length)
                if let done { events.append(.objectDelivered(done)) }
            case .controlData(let offset, let length):
                outgoingControl.acknowledged(offset: offset, length: length)
            case .acknowledgement(let sequence, let largest):
                for index in received.indices where received[index].sequence == sequence {
                    received[index].acknowledgementArrived(largest: largest)
                }
            case .acknowledgementFrequency(let sequence):
                let latest = frequencyPolicy.latest
                if sequence == latest.sequence {
                    path.maximumAcknowledgementDelay = Int64(latest.delayMicroseconds) * 1000
                }
            case .ratchetOffer(let number, let part), .ratchetAnswer(let number, let part):
                ratchet.acknowledged(number: number, part: part)
            case .controlCredit: break
            }
        }
        acknowledgedScratch.removeAll(keepingCapacity: true)
    }

    /// Queues again what lost packets carried, unless it is out of date.
    mutating func requeueLostFrames() {
        for index in lostScratch.indices {
            switch lostScratch[index] {
            case .objectData(let slot, let id, let offset, let length):
                outgoingObjects.lost(slot: slot, id: id, offset: offset, length: length)
            case .controlData(let offset, let length):
                outgoingControl.lost(offset: offset, length: length)
            case .controlCredit(let limit):
                if limit == incomingControl.limit { creditIsPending = true }
            case .acknowledgementFrequency(let sequence):
                if sequence == frequencyPolicy.latest.sequence { frequencyIsPending = true }
            case .ratchetOffer(let number, let part), .ratchetAnswer(let number, let part):
                ratchet.lost(number: number, part: part)
            case .acknowledgement: break
            }
        }
        lostScratch.removeAll(keepingCapacity: true)
    }
}

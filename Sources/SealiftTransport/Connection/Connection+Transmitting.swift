public import SealiftBase
import SealiftCrypto

extension Connection {
    /// The most datagrams of one transmission: what UDP_SEGMENT takes.
    static let segmentLimit = 64
    /// Room at a packet's end that is worth another object frame: a header of some fifteen bytes, twice as
    /// much content.
    private static let leastObjectFrame = 48

    /// Writes as many datagrams as pacing and window allow, all of one size but the last, up to 64
    /// and to the room of `buffer`; the caller sends them at once. Call again until nil.
    ///
    /// - Parameter buffer: at least ``maximumDatagramSize`` bytes.
    /// - Returns: nil if there is nothing to send now.
    public mutating func pollTransmit(
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> Transmission? {
        guard buffer.count >= path.datagramSize else { return nil }
        switch state {
        case .closed: return nil
        case .closing, .draining: return transmitClose(into: buffer, now: now)
        case .open: break
        }
        serviceKeys(now: now)
        if hasPathWork, let sent = transmitPathPacket(into: buffer, now: now) { return sent }
        var allowance = path.paceAllowance(now: now)
        if sendsBulk, allowance > 0, path.windowHasRoom,
            let probe = transmitSizeProbe(into: buffer, now: now)
        {
            return probe
        }
        // What answers a probe timeout is small and leaves by itself: it gets through where large
        // datagrams vanish, and so tells a black hole from an outage.
        let isProbing = path.probesPending > 0
        let segment = isProbing ? min(path.datagramSize, PathMTUSearch.base) : path.datagramSize
        let limit = isProbing ? path.probesPending : Self.segmentLimit
        var written = 0
        var segments = 0
        while segments < limit, written + segment <= buffer.count {
            let mayElicit = path.probesPending > 0 || (allowance > 0 && path.windowHasRoom)
            let place = UnsafeMutableRawBufferPointer(
                rebasing: buffer[written..<(written + segment)])
            guard let size = writePacket(into: place, mayElicit: mayElicit, now: now) else { break }
            written += size
            allowance -= size
            segments += 1
            if size < segment { break }
        }
        path.pollEnded(hasWork: hasElicitingWork)
        guard written > 0 else { return nil }
        counters.packetsSent += UInt64(segments)
        counters.bytesSent += UInt64(written)
        return Transmission(byteCount: written, segmentSize: segment, path: remote)
    }

    /// Writes a probe of the path's size, if one is due: a ping and padding (PROTOCOL §5.2).
    private mutating func transmitSizeProbe(
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> Transmission? {
        guard let size = path.sizeToProbe(now: now), size <= buffer.count, maySealObjects
        else {
            return nil
        }
        let number = path.takeNextNumber()
        let datagram = UnsafeMutableRawBufferPointer(rebasing: buffer[..<size])
        var frames = FrameWriter(
            UnsafeMutableRawBufferPointer(
                rebasing: datagram[PacketProtection.headerSize..<(size - PacketProtection.tagSize)])
        )
        _ = frames.writeBare(.ping)
        frames.padToEnd()
        guard seal(number, plaintextCount: frames.count, in: datagram, now: now) != nil else {
            return nil
        }
        path.probeSent(number: number, size: size, now: now)
        lastElicitingSentAt = now
        silentPackets = 0
        counters.packetsSent += 1
        counters.bytesSent += UInt64(size)
        return Transmission(byteCount: size, segmentSize: size, path: remote)
    }

    /// Whether anything waits that asks for an ACK and needs room in the window.
    var hasElicitingWork: Bool {
        pingIsPending || creditIsPending || frequencyIsPending
            || outgoingControl.hasWork || (outgoingObjects.hasWork && maySealObjects)
            || ratchet.hasWork
    }

    private func isAcknowledgementDue(now: Instant) -> Bool {
        for packets in received where packets.isDue(now: now, frequency: peerFrequency) {
            return true
        }
        return false
    }

    /// Writes one packet.
    /// - Returns: its size, or nil if there is nothing to send or the keys allow nothing.
    private mutating func writePacket(
        into datagram: UnsafeMutableRawBufferPointer, mayElicit: Bool, now: Instant
    ) -> Int? {
        let isProbe = path.probesPending > 0
        let elicits = mayElicit && (isProbe || hasElicitingWork)
        guard elicits || isAcknowledgementDue(now: now) else { return nil }
        guard maySeal else { return nil }
        let number = path.takeNextNumber()
        let header = PacketProtection.headerSize
        var frames = FrameWriter(
            UnsafeMutableRawBufferPointer(
                rebasing: datagram[header..<(datagram.count - PacketProtection.tagSize)]))
        let firstFrame = path.nextFrame
        writeAcknowledgements(into: &frames, now: now)
        var isAckEliciting = false
        var isPadded = false
        if elicits {
            isAckEliciting = writeEliciting(into: &frames)
            if !isAckEliciting, isProbe || pingIsPending {
                isAckEliciting = frames.writeBare(.ping)
            }
            if isAckEliciting { pingIsPending = false }
            // Segments of one transmission are of one size: a little space left is padded.
            if isAckEliciting, hasElicitingWork, frames.remaining > 0 {
                frames.padToEnd()
                isPadded = true
            }
        } else if silentPackets >= Self.silentPacketLimit {
            isAckEliciting = frames.writeBare(.ping)
        }
        guard frames.count > 0,
            let size = seal(number, plaintextCount: frames.count, in: datagram, now: now)
        else { return nil }
        silentPackets = isAckEliciting ? 0 : silentPackets + 1
        if isAckEliciting { lastElicitingSentAt = now }
        path.packetSent(
            number: number, size: size, firstFrame: firstFrame, isAckEliciting: isAckEliciting,
            isInFlight: isAckEliciting || isPadded, now: now)
        return size
    }

    /// Writes an ACK for every connection id of the peer that has packets waiting for one.
    private mutating func writeAcknowledgements(into frames: inout FrameWriter, now: Instant) {
        for index in received.indices {
            guard received[index].unacknowledgedCount > 0 || received[index].isUrgent else {
                continue
            }
            let sequence = received[index].sequence
            if let largest = received[index].writeAcknowledgement(into: &frames, now: now) {
                path.appendFrame(.acknowledgement(sequence: sequence, largest: largest))
            }
        }
    }

    /// Writes what waits, the urgent first.
    /// - Returns: whether anything was written.
    private mutating func writeEliciting(into frames: inout FrameWriter) -> Bool {
        let before = frames.count
        writeRatchet(into: &frames)
        if frequencyIsPending, frames.writeAcknowledgementFrequency(frequencyPolicy.latest) {
            frequencyIsPending = false
            path.appendFrame(.acknowledgementFrequency(sequence: frequencyPolicy.latest.sequence))
        }
        if creditIsPending, frames.writeControlCredit(limit: incomingControl.limit) {
            creditIsPending = false
            path.appendFrame(.controlCredit(limit: incomingControl.limit))
        }
        writeControl(into: &frames)
        if maySealObjects { writeObjects(into: &frames) }
        return frames.count > before
    }

    private mutating func writeControl(into frames: inout FrameWriter) {
        while let range = outgoingControl.nextRange(
            room: frames.payloadRoom(behind: FrameWriter.controlHeaderLimit))
        {
            let offset = range.lowerBound
            let length = UInt32(range.upperBound - offset)
            outgoingControl.withBytes(of: range) {
                frames.writeControlData(offset: offset, bytes: $0)
            }
            path.appendFrame(.controlData(offset: offset, length: length))
        }
    }

    private mutating func writeObjects(into frames: inout FrameWriter) {
        while true {
            // A frame of a few bytes at a packet's end costs more than it carries.
            guard frames.remaining >= Self.leastObjectFrame || frames.count == 0,
                let chunk = outgoingObjects.nextChunk(space: frames.remaining)
            else { return }
            frames.writeObjectData(chunk.id, offset: chunk.offset, bytes: chunk.bytes)
            path.appendFrame(
                .objectData(
                    slot: chunk.slot, chunk.id, offset: chunk.offset,
                    length: UInt32(chunk.bytes.count)))
        }
    }

    // MARK: Closing

    private mutating func transmitClose(
        into buffer: UnsafeMutableRawBufferPointer, now: Instant
    ) -> Transmission? {
        guard var state = closing, state.isDue, maySeal else { return nil }
        let number = path.takeNextNumber()
        let header = PacketProtection.headerSize
        let datagram = UnsafeMutableRawBufferPointer(rebasing: buffer[..<path.datagramSize])
        var frames = FrameWriter(
            UnsafeMutableRawBufferPointer(
                rebasing: datagram[header..<(datagram.count - PacketProtection.tagSize)]))
        _ = state.reason.withUnsafeBytes { frames.writeClose(state.code, reason: $0) }
        state.sent(now: now)
        closing = state
        guard let size = seal(number, plaintextCount: frames.count, in: datagram, now: now) else {
            return nil
        }
        path.packetSent(
            number: number, size: size, firstFrame: path.nextFrame, isAckEliciting: false,
            isInFlight: false, now: now)
        counters.packetsSent += 1
        counters.bytesSent += UInt64(size)
        return Transmission(byteCount: size, segmentSize: size, path: remote)
    }
}

import SealiftBase
import SealiftCrypto

/// Generations and ratchets (PROTOCOL §5.1, §6.8): when the rules of the keys are applied.
extension Connection {
    private var oldKeyPeriod: Duration { .nanoseconds(3 * path.probeTimeout) }

    /// When keys of the last generation are to be erased; nil if there are none.
    var keyDeadline: Instant? {
        protection.previousKeysUnneededSince.map { $0 + oldKeyPeriod }
    }

    /// Erases old keys, starts the generation that is due, offers the ratchet that is due.
    mutating func serviceKeys(now: Instant) {
        if protection.previousKeysUnneededSince != nil {
            protection.discardOldKeys(now: now, after: oldKeyPeriod)
        }
        guard isInitiator else { return }
        if isEstablished, !ratchet.isUnanswered { offerRatchetIfDue(now: now) }
        if protection.generationIsDue(now: now) {
            // Due means allowed; a refusal leaves the present generation in force. The ping makes
            // the peer acknowledge something under the new one, which the generation after needs.
            try? protection.startNextGeneration(now: now)
            pingIsPending = true
        }
    }

    private mutating func offerRatchetIfDue(now: Instant) {
        let bytes = counters.bytesSent + counters.bytesReceived
        let interval = (configuration.ratchetByteInterval, configuration.ratchetTimeInterval)
        guard ratchet.isDue(bytes: bytes, interval: interval, now: now) else { return }
        var entropy = configuration.ratchetEntropy
        do {
            try ratchet.makeOffer(bytes: bytes, entropy: &entropy, now: now)
            protection.ratchetOfferSent()
        } catch {
            close(code: .internal, reason: "no keys could be made", now: now)
        }
        configuration.ratchetEntropy = entropy
    }

    /// Whether the keys allow one more packet now; the next generation allows it again.
    var maySeal: Bool { packetsSealed < configuration.keyLimits.packetsPerGeneration }

    /// Whether the keys allow one more packet with bytes of objects: the last of a generation are for
    /// what ends it. A responder that used them all up could answer neither a ratchet nor a packet,
    /// and the initiator, which waits for that, would never start the next (PROTOCOL §5.1).
    var maySealObjects: Bool {
        let limit = configuration.keyLimits.packetsPerGeneration
        return packetsSealed < limit - min(Self.reservedPackets, limit / 8)
    }

    /// PROTOCOL §5.1.
    private static var reservedPackets: UInt64 { 1_024 }

    /// Packets sealed under the present generation, whatever their connection id.
    private var packetsSealed: UInt64 {
        sealedGeneration == protection.generation ? sealedInGeneration : 0
    }

    /// Seals the frames that stand in `datagram` behind the header's place.
    /// - Parameter sequence: of the connection id; nil for the present path's.
    /// - Returns: the packet's size; nil if the library failed, which ends the connection.
    mutating func seal(
        _ number: UInt64, plaintextCount: Int, in datagram: UnsafeMutableRawBufferPointer,
        sequence: UInt32? = nil, now: Instant
    ) -> Int? {
        sealedInGeneration = packetsSealed + 1
        sealedGeneration = protection.generation
        do {
            return try protection.seal(
                packetNumber: number, plaintextCount: plaintextCount, in: datagram,
                sequence: sequence ?? path.sequence)
        } catch {
            close(code: .internal, reason: "packets cannot be sealed", now: now)
            return nil
        }
    }

    // MARK: Ratchet frames

    mutating func writeRatchet(into frames: inout FrameWriter) {
        guard ratchet.hasWork else { return }
        var records: [SentFrame] = []
        let isOffer = isInitiator
        ratchet.write(isOffer ? .ratchetOffer : .ratchetAnswer, into: &frames) { number, part in
            records.append(
                isOffer
                    ? .ratchetOffer(number: number, part: part)
                    : .ratchetAnswer(number: number, part: part))
        }
        for record in records { path.appendFrame(record) }
    }

    mutating func receiveRatchetOffer(_ part: RatchetPart) throws(Violation) {
        guard !isInitiator else { throw .unexpectedRatchet }
        var entropy = configuration.ratchetEntropy
        let mix = try receiveOffer(part, &entropy)
        configuration.ratchetEntropy = entropy
        if let mix { protection.setPendingMix(mix) }
    }

    private mutating func receiveOffer(
        _ part: RatchetPart, _ entropy: inout some EntropySource
    ) throws(Violation) -> SecretBytes? {
        try ratchet.receiveOffer(part, entropy: &entropy)
    }

    mutating func receiveRatchetAnswer(_ part: RatchetPart) throws(Violation) {
        guard isInitiator else { throw .unexpectedRatchet }
        if let mix = try ratchet.receiveAnswer(part) { protection.setPendingMix(mix) }
    }
}

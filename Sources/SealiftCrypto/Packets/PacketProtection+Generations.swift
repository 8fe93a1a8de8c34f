public import SealiftBase

/// Which generation a received packet belongs to, seen from the present one.
enum GenerationAge: Sendable {
    case previous, current, next
}

/// Generations (PROTOCOL §5.1): the one way in which keys change during a session.
///
/// The initiator starts generation g + 1 once the peer has answered under g; the responder follows
/// with the first packet that opens under g + 1. So the ends are never more than one apart, and two
/// bits in the header tell the generation.
extension PacketProtection {
    /// Whether the initiator should call ``startNextGeneration(now:)``. Always false at the
    /// responder, and while the rules forbid it.
    public func generationIsDue(now: Instant) -> Bool {
        guard side == .initiator, generationIsAcknowledged, !ratchetIsUnanswered else {
            return false
        }
        // An acknowledgement came in a packet that opened, so the start is known by now.
        let age = generationStart.map { now - $0 } ?? .zero
        let sealed = sendPaths.reduce(0) { $0 + $1.sealedInGeneration }
        return sealed >= limits.packetsUntilDue || openedInGeneration >= limits.packetsUntilDue
            || (sealed > 0 && age >= limits.generationAge)
    }

    /// Starts generation g + 1: everything is sealed under it from now on. Packets of the peer still
    /// open under g until ``discardOldKeys(now:after:)``.
    /// - Throws: ``PacketProtectionError/notInitiator``,
    ///   ``PacketProtectionError/generationNotAcknowledged``,
    ///   ``PacketProtectionError/ratchetUnanswered``.
    public mutating func startNextGeneration(now: Instant) throws(PacketProtectionError) {
        guard side == .initiator else { throw .notInitiator }
        guard generationIsAcknowledged else { throw .generationNotAcknowledged }
        guard !ratchetIsUnanswered else { throw .ratchetUnanswered }
        advance(now: now)
    }

    /// Notes that the peer acknowledged a packet: one of the present generation allows the next.
    public mutating func packetAcknowledged(_ packetNumber: UInt64, sequence: UInt32 = 0) {
        guard !generationIsAcknowledged,
            let path = sendPaths.first(where: { $0.sequence == sequence })
        else { return }
        generationIsAcknowledged =
            packetNumber >= path.firstNumberOfGeneration && packetNumber < path.nextNumber
    }

    /// Erases the keys of generation g − 1 once the peer has used g for `period`: three PTO.
    /// ``previousKeysUnneededSince`` tells when that will be.
    public mutating func discardOldKeys(now: Instant, after period: Duration) {
        guard let since = previousKeysUnneededSince, now - since >= period else { return }
        for index in receivePaths.indices { receivePaths[index].previous = nil }
        previousKeysUnneededSince = nil
        keepsPreviousKeys = false
    }

    /// Notes that a ratchet offer of this end was sent: no generation starts until its answer came.
    public mutating func ratchetOfferSent() {
        ratchetIsUnanswered = true
    }

    /// Sets the result of a finished ratchet (PROTOCOL §6.8): it goes into the next generation's
    /// secret. At the responder: when the answer is made, once per offer.
    public mutating func setPendingMix(_ mix: SecretBytes) {
        schedule.setPendingMix(mix)
        for index in receivePaths.indices { receivePaths[index].next = nil }
        ratchetIsUnanswered = false
    }

    // MARK: Inside

    /// The cipher for a packet with these generation bits; nil if no such key exists.
    ///
    /// Making the candidate of g + 1 changes nothing that the peer or a stranger could notice, and is
    /// done once, not once per packet that claims the generation.
    mutating func cipher(
        for bits: UInt8, at index: Int
    ) -> (PacketCipher, GenerationAge)? {
        let direction = side.peer.sendDirection
        let sequence = receivePaths[index].sequence
        switch bits {
        case UInt8(generation & 3):
            if let cipher = receivePaths[index].current { return (cipher, .current) }
            let cipher = PacketCipher(
                key: schedule.currentKey(direction: direction, sequence: sequence))
            receivePaths[index].current = cipher
            return (cipher, .current)
        case UInt8((generation &- 1) & 3):
            return receivePaths[index].previous.map { ($0, .previous) }
        case UInt8((generation &+ 1) & 3) where side == .responder:
            if let cipher = receivePaths[index].next { return (cipher, .next) }
            let cipher = PacketCipher(
                key: schedule.nextKey(direction: direction, sequence: sequence))
            receivePaths[index].next = cipher
            return (cipher, .next)
        default:
            return nil
        }
    }

    /// Notes an authentic packet.
    mutating func packetOpened(under age: GenerationAge, now: Instant) {
        if generationStart == nil { generationStart = now }
        switch age {
        case .previous:
            return
        case .next:
            advance(now: now)
            previousKeysUnneededSince = now
        case .current:
            if keepsPreviousKeys, previousKeysUnneededSince == nil {
                previousKeysUnneededSince = now
            }
        }
        openedInGeneration += 1
    }

    /// Moves all paths from g to g + 1.
    private mutating func advance(now: Instant) {
        // The secret of g is about to go: every path takes its key of g first, because packets of g
        // may still come under any of them.
        for index in receivePaths.indices {
            let path = receivePaths[index]
            receivePaths[index].previous =
                path.current
                ?? PacketCipher(
                    key: schedule.currentKey(
                        direction: side.peer.sendDirection, sequence: path.sequence))
            receivePaths[index].current = path.next
            receivePaths[index].next = nil
        }
        schedule.advance()
        for index in sendPaths.indices {
            sendPaths[index].cipher = PacketCipher(
                key: schedule.currentKey(
                    direction: side.sendDirection, sequence: sendPaths[index].sequence))
            sendPaths[index].firstNumberOfGeneration = sendPaths[index].nextNumber
            sendPaths[index].sealedInGeneration = 0
        }
        generationStart = now
        openedInGeneration = 0
        generationIsAcknowledged = false
        keepsPreviousKeys = true
        previousKeysUnneededSince = nil
    }
}

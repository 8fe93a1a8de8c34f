import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("Generations")
struct GenerationTests {
    private static let smallLimits: PacketProtectionLimits = {
        var limits = PacketProtectionLimits()
        limits.packetsUntilDue = 4
        limits.packetsPerGeneration = 8
        return limits
    }()

    @Test("the initiator starts, the responder follows with the first packet, both keep talking")
    func follows() throws {
        var pair = ProtectionPair()
        #expect(throws: PacketProtectionError.generationNotAcknowledged) {
            try pair.initiator.startNextGeneration(now: .zero)
        }
        #expect(throws: PacketProtectionError.notInitiator) {
            try pair.responder.startNextGeneration(now: .zero)
        }
        for generation in UInt64(0)..<9 {
            let number = generation * 2
            let packet = try pair.initiator.sealed([1], number: number)
            #expect(packet[0] == 0xE8 + UInt8(generation % 4))
            #expect(
                pair.responder.opened(packet)?.packet.startedNewGeneration == (generation > 0))
            #expect(pair.responder.generation == generation)
            let answer = try pair.responder.sealed([2], number: number)
            #expect(pair.initiator.opened(answer)?.packet.generation == generation)
            pair.initiator.packetAcknowledged(number)
            try pair.initiator.startNextGeneration(now: .zero)
            #expect(pair.initiator.generation == generation + 1)
        }
    }

    @Test("packets of the generation before open until its keys are discarded")
    func reordering() throws {
        var pair = ProtectionPair()
        let late = try pair.initiator.sealed([1], number: 0)
        let early = try pair.initiator.sealed([2], number: 1)
        let fromResponder = try pair.responder.sealed([3], number: 0)
        let laterFromResponder = try pair.responder.sealed([4], number: 1)
        #expect(pair.responder.opened(early) != nil)
        pair.initiator.packetAcknowledged(1)
        try pair.initiator.startNextGeneration(now: .zero)
        // The responder is still a generation behind.
        #expect(pair.initiator.opened(fromResponder)?.packet.generation == 0)
        #expect(pair.initiator.previousKeysUnneededSince == nil)
        pair.initiator.discardOldKeys(now: .distantFuture, after: .zero)
        let new = try pair.initiator.sealed([5], number: 2)
        let following = pair.responder.opened(new, now: .zero + .seconds(1))
        let switched = try #require(following).packet
        #expect(switched.startedNewGeneration && switched.generation == 1)
        let tardy = pair.responder.opened(late)
        let stale = try #require(tardy).packet
        #expect(stale.generation == 0 && stale.packetNumber == 0)
        #expect(pair.responder.opened(late) == nil)
        // Under g + 1 the responder answers; only then is the time of g counted.
        let answer = try pair.responder.sealed([6], number: 2)
        #expect(pair.initiator.opened(answer, now: .zero + .seconds(2)) != nil)
        #expect(pair.initiator.previousKeysUnneededSince == .zero + .seconds(2))
        pair.initiator.discardOldKeys(now: .zero + .seconds(2), after: .seconds(1))
        #expect(pair.initiator.keepsPreviousKeys)
        pair.initiator.discardOldKeys(now: .zero + .seconds(3), after: .seconds(1))
        #expect(!pair.initiator.keepsPreviousKeys)
        #expect(pair.initiator.opened(laterFromResponder) == nil)
    }

    @Test("an acknowledgement of an older generation does not allow the next one")
    func oldAcknowledgement() throws {
        var pair = ProtectionPair()
        _ = try pair.initiator.sealed([1], number: 0)
        _ = try pair.initiator.sealed([1], number: 1)
        pair.initiator.packetAcknowledged(0)
        try pair.initiator.startNextGeneration(now: .zero)
        pair.initiator.packetAcknowledged(1)
        pair.initiator.packetAcknowledged(2)
        #expect(throws: PacketProtectionError.generationNotAcknowledged) {
            try pair.initiator.startNextGeneration(now: .zero)
        }
        _ = try pair.initiator.sealed([1], number: 2)
        pair.initiator.packetAcknowledged(2)
        try pair.initiator.startNextGeneration(now: .zero)
    }

    @Test("due after enough packets either way, or after ten minutes if something was sent")
    func due() throws {
        var pair = ProtectionPair(limits: Self.smallLimits)
        #expect(!pair.initiator.generationIsDue(now: .zero))
        for number in UInt64(0)..<4 {
            #expect(!pair.initiator.generationIsDue(now: .zero))
            _ = try pair.initiator.sealed([1], number: number)
        }
        #expect(!pair.initiator.generationIsDue(now: .zero), "not acknowledged yet")
        pair.initiator.packetAcknowledged(3)
        #expect(pair.initiator.generationIsDue(now: .zero))
        pair.initiator.ratchetOfferSent()
        #expect(!pair.initiator.generationIsDue(now: .zero))
        #expect(throws: PacketProtectionError.ratchetUnanswered) {
            try pair.initiator.startNextGeneration(now: .zero)
        }

        var old = ProtectionPair()
        #expect(old.initiator.opened(try old.responder.sealed([1], number: 0)) != nil)
        _ = try old.initiator.sealed([1], number: 0)
        old.initiator.packetAcknowledged(0)
        #expect(!old.initiator.generationIsDue(now: .zero + .seconds(599)))
        #expect(old.initiator.generationIsDue(now: .zero + .seconds(600)))
        #expect(!old.responder.generationIsDue(now: .zero + .seconds(6_000)))

        var received = ProtectionPair(limits: Self.smallLimits)
        _ = try received.initiator.sealed([1], number: 0)
        received.initiator.packetAcknowledged(0)
        for number in UInt64(0)..<4 {
            #expect(!received.initiator.generationIsDue(now: .zero))
            let packet = try received.responder.sealed([1], number: number)
            #expect(received.initiator.opened(packet) != nil)
        }
        #expect(received.initiator.generationIsDue(now: .zero))
    }

    @Test("nobody seals beyond the limit of a generation; the next one lifts it")
    func hardLimit() throws {
        var pair = ProtectionPair(limits: Self.smallLimits)
        for number in UInt64(0)..<8 { _ = try pair.initiator.sealed([1], number: number) }
        #expect(throws: PacketProtectionError.generationExhausted) {
            try pair.initiator.sealed([1], number: 8)
        }
        pair.initiator.packetAcknowledged(7)
        try pair.initiator.startNextGeneration(now: .zero)
        #expect(pair.responder.opened(try pair.initiator.sealed([1], number: 8)) != nil)
    }

    @Test("a mix must be the same at both ends, counts once, and may come late at the responder")
    func mixes() throws {
        var entropy = SeededEntropy(seed: 8)
        let mix = SecretBytes(count: 32, entropy: &entropy)
        var pair = ProtectionPair()
        _ = pair.responder.opened(try pair.initiator.sealed([1], number: 0))
        pair.initiator.packetAcknowledged(0)
        pair.initiator.ratchetOfferSent()
        pair.initiator.setPendingMix(mix)
        try pair.initiator.startNextGeneration(now: .zero)
        let packet = try pair.initiator.sealed([2], number: 1)
        // Without the mix the packet does not open, and trying it spoils nothing.
        #expect(pair.responder.opened(packet) == nil)
        #expect(pair.responder.generation == 0)
        pair.responder.setPendingMix(mix)
        #expect(pair.responder.opened(packet)?.plaintext == [2])
        pair.initiator.packetAcknowledged(1)
        try pair.initiator.startNextGeneration(now: .zero)
        #expect(pair.responder.opened(try pair.initiator.sealed([3], number: 2)) != nil)
        #expect(pair.responder.schedule.pendingMix == nil)
        // And the keys differ from those of a session that never mixed.
        var plain = ProtectionPair()
        _ = plain.responder.opened(try plain.initiator.sealed([1], number: 0))
        plain.initiator.packetAcknowledged(0)
        try plain.initiator.startNextGeneration(now: .zero)
        #expect(plain.responder.opened(packet) == nil)
    }

    @Test("both ends stay together under loss, reordering and duplication", arguments: 0..<30)
    func storms(seed: Int) throws {
        var pair = ProtectionPair(limits: Self.smallLimits)
        var generator = SeededGenerator(seed: UInt64(seed))
        var (toResponder, toInitiator): ([[UInt8]], [[UInt8]]) = ([], [])
        var (nextI, nextR): (UInt64, UInt64) = (0, 0)
        var highestSeen: UInt64?
        var delivered = 0
        for step in 0..<3_000 {
            let now = Instant.zero + .milliseconds(step)
            switch generator.next() % 6 {
            case 0, 1:
                if let packet = try? pair.initiator.sealed([1], number: nextI) {
                    toResponder.append(packet)
                    nextI += 1
                }
            case 2:
                // The responder's packets acknowledge the highest number it has seen.
                guard let seen = highestSeen else { break }
                let body = withUnsafeBytes(of: seen) { Array($0) }
                if let packet = try? pair.responder.sealed(body, number: nextR) {
                    toInitiator.append(packet)
                    nextR += 1
                }
            case 3 where !toResponder.isEmpty:
                let place = Int(generator.next() % UInt64(min(4, toResponder.count)))
                let packet = toResponder[place]
                if generator.next() % 8 != 0 { toResponder.remove(at: place) }
                guard generator.next() % 10 != 0 else { break }
                if let opened = pair.responder.opened(packet, now: now) {
                    highestSeen = max(highestSeen ?? 0, opened.packet.packetNumber)
                    delivered += 1
                }
            case 4 where !toInitiator.isEmpty:
                let place = Int(generator.next() % UInt64(min(4, toInitiator.count)))
                let packet = toInitiator.remove(at: place)
                guard generator.next() % 10 != 0 else { break }
                if let opened = pair.initiator.opened(packet, now: now) {
                    let seen = opened.plaintext.reversed().reduce(UInt64(0)) {
                        $0 << 8 | UInt64($1)
                    }
                    pair.initiator.packetAcknowledged(seen)
                }
            default:
                if pair.initiator.generationIsDue(now: now) {
                    try pair.initiator.startNextGeneration(now: now)
                }
                pair.initiator.discardOldKeys(now: now, after: .milliseconds(60))
                pair.responder.discardOldKeys(now: now, after: .milliseconds(60))
            }
            let (left, right) = (pair.initiator.generation, pair.responder.generation)
            #expect(left == right || left == right + 1, "seed \(seed), step \(step)")
        }
        #expect(
            pair.initiator.generation > 5, "seed \(seed) stayed at \(pair.initiator.generation)")
        #expect(delivered > 100)
    }
}

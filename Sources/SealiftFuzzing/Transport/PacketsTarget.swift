import SealiftBase
import SealiftCrypto

extension FuzzTarget {
    /// Packet headers, tags, numbers, generations, connection ids.
    ///
    /// Only what the peer sealed opens, only once, and to what was sealed; nothing else moves
    /// anything.
    static let packets = FuzzTarget("packets", maximumLength: 2_048, seeds: PacketsRun.seeds) {
        input throws(BrokenRule) in
        guard let rig = SessionRig.shared else { throw BrokenRule(description: "no session") }
        var run = PacketsRun(rig)
        while !input.isAtEnd { try run.step(&input) }
    }
}

private struct PacketsRun {
    private enum Step: UInt8, CaseIterable {
        case raw, seal, deliver, alter, sequence, acknowledge, generation, discard
    }

    /// A packet that the peer sealed.
    private struct Sealed {
        let datagram: [UInt8]
        let plaintext: [UInt8]
        var wasOpened = false
    }

    // The initiator seals, the responder opens: only an initiator starts generations.
    private var sealing: PacketProtection
    private var opening: PacketProtection
    private var packets: [Sealed] = []
    private var nextNumber: [UInt32: UInt64] = [:]
    private var sequence: UInt32 = 0
    private var now = Instant.zero

    init(_ rig: SessionRig) {
        sealing = PacketProtection(session: rig.initiator)
        opening = PacketProtection(session: rig.responder)
    }

    mutating func step(_ input: inout FuzzInput) throws(BrokenRule) {
        switch Step.allCases[input.choice(Step.allCases.count)] {
        case .raw:
            try demand(opening.opened(input.run(), now: now) == nil, "a forged packet opened")
        case .seal:
            let number = nextNumber[sequence, default: 0] + UInt64(1) << input.choice(40) - 1
            let plaintext = [input.byte()] + input.run(atMost: 64)
            guard let datagram = sealing.sealed(plaintext, number: number, sequence: sequence)
            else { return }
            nextNumber[sequence] = number + 1
            if packets.count < 64 {
                packets.append(Sealed(datagram: datagram, plaintext: plaintext))
            }
        case .deliver:
            guard !packets.isEmpty else { return }
            let index = input.choice(packets.count)
            guard let (_, plaintext) = opening.opened(packets[index].datagram, now: now) else {
                return
            }
            try demand(!packets[index].wasOpened, "a packet opened twice")
            try demand(plaintext == packets[index].plaintext, "a packet opened to something else")
            packets[index].wasOpened = true
        case .alter:
            guard !packets.isEmpty else { return }
            var datagram = packets[input.choice(packets.count)].datagram
            let place = input.short() % datagram.count
            let change = input.byte()
            if change == 0 { datagram.removeLast() } else { datagram[place] ^= change }
            let generation = opening.generation
            try demand(opening.opened(datagram, now: now) == nil, "an altered packet opened")
            try demand(opening.generation == generation, "an altered packet moved the keys")
        case .sequence:
            guard sequence < 64, let next = sealing.addLocalSequence() else { return }
            sequence = next
        case .acknowledge:
            let last = nextNumber[sequence, default: 0]
            if last > 0 { sealing.packetAcknowledged(last - 1, sequence: sequence) }
        case .generation: try? sealing.startNextGeneration(now: now)
        case .discard:
            now += .milliseconds(1 << input.choice(24))
            opening.discardOldKeys(now: now, after: .seconds(1))
        }
    }

    static func seeds() -> [[UInt8]] {
        let packet: [UInt8] = [Step.seal.rawValue, 1, 7, 0, 2, 1, 2]
        let rekey: [UInt8] = [Step.acknowledge.rawValue, Step.generation.rawValue]
        let deliver: [UInt8] = [Step.deliver.rawValue, 0, Step.deliver.rawValue, 1]
        return [
            packet + packet + deliver + deliver,
            packet + rekey + packet + deliver + [Step.discard.rawValue, 20] + packet + deliver,
            packet + [Step.sequence.rawValue] + packet + deliver,
            packet + [Step.alter.rawValue, 0, 0, 20, 1, Step.alter.rawValue, 0, 0, 0, 0] + deliver,
            [Step.raw.rawValue, 0, 40] + [0xE8] + [UInt8](repeating: 1, count: 39),
            [Step.seal.rawValue, 39, 7, 0, 0] + packet + deliver,
        ]
    }
}

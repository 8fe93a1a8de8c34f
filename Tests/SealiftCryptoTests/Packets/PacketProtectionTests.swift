import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("Packet protection")
struct PacketProtectionTests {
    @Test("packets of every size open at the other end, in any order")
    func opens() throws {
        var pair = ProtectionPair()
        var generator = SeededGenerator(seed: 1)
        var packets: [(number: UInt64, plaintext: [UInt8], datagram: [UInt8])] = []
        for (index, size) in ([1, 2, 15, 16, 17, 255, 1_200, 1_419, 8_919, 65_474]).enumerated() {
            let plaintext = generator.bytes(size)
            let number = UInt64(index * 3)
            let datagram = try pair.initiator.sealed(plaintext, number: number)
            #expect(datagram.count == size + 33 && datagram[0] == 0xE8)
            packets.append((number, plaintext, datagram))
        }
        packets.shuffle(using: &generator)
        for packet in packets {
            let result = pair.responder.opened(packet.datagram)
            let opened = try #require(result)
            #expect(opened.plaintext == packet.plaintext)
            #expect(
                opened.packet
                    == .init(
                        packetNumber: packet.number, sequence: 0, generation: 0,
                        plaintextCount: packet.plaintext.count, startedNewGeneration: false))
            #expect(pair.responder.opened(packet.datagram) == nil, "a replay opened")
        }
        #expect(pair.responder.failedOpenCount == 0)
    }

    @Test("the header is what PROTOCOL §5 draws, and keys follow its derivation")
    func layout() throws {
        var pair = ProtectionPair()
        let datagram = try pair.initiator.sealed([7, 8, 9], number: 0x0102_0304)
        let id = pair.responder.connectionID(direction: .initiatorToResponder, sequence: 0)
        let idBytes = withUnsafeBytes(of: id.rawValue.bigEndian) { Array($0) }
        let header = [0xE8] + idBytes + [0, 0, 0, 0, 1, 2, 3, 4]
        #expect(Array(datagram[..<17]) == header)
        let key = pair.responder.schedule.currentKey(
            direction: .initiatorToResponder, sequence: 0)
        let nonce: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]
        for cipher in PacketCipher.allBackends(key: key) {
            let opened = cipher.opened(
                Array(datagram[17...]), header: header, nonce: try #require(PacketNonce(nonce)))
            #expect(opened == [7, 8, 9])
        }
        #expect(
            pair.initiator.connectionID(direction: .initiatorToResponder, sequence: 0) == id
                && pair.initiator.connectionID(direction: .responderToInitiator, sequence: 0) != id)
        #expect(pair.responder.acceptedConnectionIDs.count == 9)
        #expect(pair.responder.acceptedConnectionIDs.first == id)
    }

    @Test("a packet altered at any bit, cut or lengthened does not open and moves nothing")
    func alterations() throws {
        var pair = ProtectionPair()
        let datagram = try pair.initiator.sealed(Array(0..<40), number: 5)
        for bit in 0..<(datagram.count * 8) {
            var altered = datagram
            altered[bit / 8] ^= 1 << (bit % 8)
            #expect(pair.responder.opened(altered) == nil, "bit \(bit)")
        }
        for length in 0..<datagram.count {
            #expect(pair.responder.opened(Array(datagram[..<length])) == nil)
        }
        #expect(pair.responder.opened(datagram + [0]) == nil)
        #expect(pair.responder.generation == 0)
        #expect(pair.responder.opened(datagram)?.plaintext == Array(0..<40))
    }

    @Test(
        "garbage of any kind never advances a counter, a window or a generation", arguments: 0..<8)
    func garbage(seed: Int) throws {
        var pair = ProtectionPair(seed: UInt64(seed))
        var generator = SeededGenerator(seed: UInt64(seed) + 100)
        let ids = pair.responder.acceptedConnectionIDs
        for _ in 0..<2_000 {
            var datagram = generator.bytes(1 + Int(generator.next() % 200))
            if datagram.count > 17, generator.next() % 4 != 0 {
                datagram[0] = 0xE8 + UInt8(generator.next() % 4)
                let id = ids[Int(generator.next() % UInt64(ids.count))]
                withUnsafeBytes(of: id.rawValue.bigEndian) {
                    datagram.replaceSubrange(1..<9, with: $0)
                }
            }
            #expect(pair.responder.opened(datagram) == nil)
        }
        #expect(pair.responder.generation == 0 && pair.responder.failedOpenCount > 0)
        #expect(pair.responder.acceptedConnectionIDs == ids)
        #expect(pair.responder.opened(try pair.initiator.sealed([1], number: 0)) != nil)
    }

    @Test("a packet of one direction does not open in the other, nor in another session")
    func reflection() throws {
        var pair = ProtectionPair(seed: 1)
        var other = ProtectionPair(seed: 2)
        let datagram = try pair.initiator.sealed([1], number: 0)
        #expect(pair.initiator.opened(datagram) == nil)
        #expect(other.responder.opened(datagram) == nil)
    }

    @Test("packet numbers only grow, and stay below 2^62")
    func numbers() throws {
        var pair = ProtectionPair()
        _ = try pair.initiator.sealed([1], number: 10)
        for number in [UInt64(0), 9, 10] {
            #expect(throws: PacketProtectionError.packetNumberNotIncreasing) {
                try pair.initiator.sealed([1], number: number)
            }
        }
        #expect(throws: PacketProtectionError.packetNumberOutOfRange) {
            try pair.initiator.sealed([1], number: 1 << 62)
        }
        let last = try pair.initiator.sealed([1], number: (1 << 62) - 1)
        #expect(pair.responder.opened(last)?.packet.packetNumber == (1 << 62) - 1)
        #expect(throws: PacketProtectionError.invalidSize) {
            try pair.responder.sealed([], number: 0)
        }
        #expect(throws: PacketProtectionError.unknownSequence) {
            try pair.responder.sealed([1], number: 0, sequence: 1)
        }
    }

    @Test("local sequences have their own ids and numbers; at most eight ahead are recognised")
    func sequences() throws {
        var pair = ProtectionPair()
        _ = try pair.initiator.sealed([1], number: 50)
        #expect(pair.initiator.addLocalSequence() == 1)
        let moved = try pair.initiator.sealed([2], number: 0, sequence: 1)
        #expect(pair.responder.opened(moved)?.packet.sequence == 1)
        for _ in 2...12 { _ = pair.initiator.addLocalSequence() }
        let tooFar = try pair.initiator.sealed([3], number: 0, sequence: 10)
        let justInside = try pair.initiator.sealed([4], number: 0, sequence: 9)
        #expect(pair.responder.opened(tooFar) == nil)
        #expect(pair.responder.opened(justInside)?.packet.sequence == 9)
        #expect(pair.responder.opened(tooFar)?.packet.sequence == 10)
        // The table stays small: eight below the highest, eight above.
        #expect(pair.responder.acceptedConnectionIDs.count == 17)
        let behind = try pair.initiator.sealed([5], number: 1, sequence: 1)
        #expect(pair.responder.opened(behind) == nil)
        pair.initiator.retireLocalSequence(9)
        #expect(throws: PacketProtectionError.unknownSequence) {
            try pair.initiator.sealed([1], number: 1, sequence: 9)
        }
        #expect(pair.initiator.localSequences == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12])
    }

    @Test("after too many failed packets nothing opens any more")
    func exhaustion() throws {
        var limits = PacketProtectionLimits()
        limits.failedOpens = 3
        var pair = ProtectionPair(limits: limits)
        let good = try pair.initiator.sealed([1], number: 0)
        var bad = good
        bad[bad.count - 1] ^= 1
        for _ in 0..<3 {
            #expect(!pair.responder.isExhausted)
            #expect(pair.responder.opened(bad) == nil)
        }
        #expect(pair.responder.isExhausted)
        #expect(pair.responder.opened(good) == nil)
    }
}

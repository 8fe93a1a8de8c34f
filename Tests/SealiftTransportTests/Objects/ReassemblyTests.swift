import SealiftBase
import Testing

@testable import SealiftTransport

@Suite("Cutting up and putting together")
struct ReassemblyTests {
    @Test("Objects cut in chunks, lost and doubled at random, arrive whole", arguments: 0..<30)
    func objects(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var outgoing = OutgoingObjects()
        var incoming = IncomingObjects()
        let contents = (0..<20).map { _ in generator.bytes(1 + Int(generator.next() % 20_000)) }
        incoming.expect(first: ObjectID(0), lengths: contents.map(\.count))
        for (index, content) in contents.enumerated() {
            outgoing.append(ObjectID(UInt64(index)), ObjectBuffer(copying: content))
        }
        var complete: [ObjectID: [UInt8]] = [:]
        var delivered = 0
        var flying: [OutgoingObjects.Chunk] = []
        while delivered < contents.count {
            while flying.count < 10,
                let chunk = outgoing.nextChunk(space: 20 + Int(generator.next() % 1500))
            {
                flying.append(chunk)
            }
            let chunk = flying.remove(at: Int.random(in: 0..<flying.count, using: &generator))
            let fate = generator.next() % 10
            if fate < 7 || fate == 9 {
                let outcome = try incoming.receive(
                    chunk.id, offset: UInt64(chunk.offset), bytes: chunk.bytes)
                if case .complete(let id, let buffer) = outcome {
                    #expect(complete[id] == nil)
                    complete[id] = Array(buffer.bytes)
                }
            }
            if fate < 7 {
                let done = outgoing.acknowledged(
                    slot: chunk.slot, id: chunk.id, offset: chunk.offset,
                    length: UInt32(chunk.bytes.count))
                if done != nil { delivered += 1 }
            } else {
                outgoing.lost(
                    slot: chunk.slot, id: chunk.id, offset: chunk.offset,
                    length: UInt32(chunk.bytes.count))
            }
        }
        #expect(outgoing.unsentByteCount == 0)
        #expect(!outgoing.hasWork && incoming.expectedCount == 0)
        for (index, content) in contents.enumerated() {
            #expect(complete[ObjectID(UInt64(index))] == content)
        }
    }

    @Test("A lost chunk goes before anything new")
    func lossesFirst() {
        var outgoing = OutgoingObjects()
        outgoing.append(ObjectID(0), ObjectBuffer(count: 3000))
        // The header takes five bytes at offset 0 and six further on.
        let first = outgoing.nextChunk(space: 1005)
        _ = outgoing.nextChunk(space: 1006)
        outgoing.lost(slot: 0, id: ObjectID(0), offset: 0, length: 1000)
        let again = outgoing.nextChunk(space: 405)
        #expect(first?.offset == 0 && again?.offset == 0 && again?.bytes.count == 400)
        #expect(outgoing.nextChunk(space: 1006)?.offset == 400)
        #expect(outgoing.nextChunk(space: 1006)?.offset == 2000)
    }

    @Test("Where no byte has room, nothing is taken", arguments: [0, 3, 5])
    func noRoom(space: Int) {
        var outgoing = OutgoingObjects()
        outgoing.append(ObjectID(0), ObjectBuffer(count: 3000))
        _ = outgoing.nextChunk(space: 1005)
        #expect(outgoing.nextChunk(space: space) == nil && outgoing.unsentByteCount == 2000)
        outgoing.lost(slot: 0, id: ObjectID(0), offset: 500, length: 100)
        #expect(outgoing.nextChunk(space: space) == nil)
        #expect(outgoing.nextChunk(space: 1006)?.offset == 500)
        #expect(outgoing.nextChunk(space: 1006)?.offset == 1000)
    }

    @Test("What was thought lost and came is not sent again, and its slot serves the next object")
    func lateAcknowledgement() {
        var outgoing = OutgoingObjects()
        outgoing.append(ObjectID(0), ObjectBuffer(count: 1000))
        _ = outgoing.nextChunk(space: 2000)
        outgoing.lost(slot: 0, id: ObjectID(0), offset: 0, length: 1000)
        #expect(outgoing.hasWork)
        let half = outgoing.acknowledged(slot: 0, id: ObjectID(0), offset: 0, length: 600)
        #expect(half == nil)
        #expect(outgoing.nextChunk(space: 106)?.offset == 600)
        let whole = outgoing.acknowledged(slot: 0, id: ObjectID(0), offset: 600, length: 400)
        #expect(whole == ObjectID(0) && !outgoing.hasWork)
        // Late news of what is done with changes nothing, also where another object has the slot.
        outgoing.append(ObjectID(1), ObjectBuffer(count: 1000))
        outgoing.lost(slot: 0, id: ObjectID(0), offset: 0, length: 1000)
        #expect(outgoing.acknowledged(slot: 0, id: ObjectID(0), offset: 0, length: 1000) == nil)
        let next = outgoing.nextChunk(space: 2000)
        #expect(next?.slot == 0 && next?.id == ObjectID(1) && next?.bytes.count == 1000)
        #expect(!outgoing.hasWork)
        #expect(
            outgoing.acknowledged(slot: 0, id: ObjectID(1), offset: 0, length: 1000) == ObjectID(1))
        #expect(outgoing.acknowledged(slot: 0, id: ObjectID(1), offset: 0, length: 1000) == nil)
    }

    @Test("The control stream arrives in order under loss and within its credit", arguments: 0..<30)
    func control(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var outgoing = OutgoingControlStream(limit: 4096)
        var incoming = IncomingControlStream(window: 4096)
        let content = generator.bytes(40_000)
        outgoing.append(content)
        var read: [UInt8] = []
        var flying: [(Range<UInt64>, [UInt8])] = []
        while !outgoing.isDelivered {
            while flying.count < 8,
                let range = outgoing.nextRange(room: 1 + Int(generator.next() % 900))
            {
                outgoing.withBytes(of: range) { flying.append((range, Array($0))) }
            }
            if !flying.isEmpty {
                let (range, bytes) = flying.remove(
                    at: Int.random(in: 0..<flying.count, using: &generator))
                let length = UInt32(bytes.count)
                if generator.next() % 4 > 0 {
                    let outcome = try bytes.withUnsafeBytes {
                        try incoming.receive(offset: range.lowerBound, bytes: $0)
                    }
                    #expect(outcome != .refused)
                    outgoing.acknowledged(offset: range.lowerBound, length: length)
                } else {
                    outgoing.lost(offset: range.lowerBound, length: length)
                }
            }
            if Bool.random(using: &generator), incoming.read(into: &read) {
                outgoing.credit(limit: incoming.limit)
            }
        }
        _ = incoming.read(into: &read)
        #expect(read == content)
    }
}

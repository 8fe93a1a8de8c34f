import SealiftBase
import Testing

@testable import SealiftTransport

@Suite("Frames")
struct FrameTests {
    @Test("ACK ranges are read as they were written", arguments: 0..<50)
    func acknowledgement(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var numbers = IntervalSet()
        for _ in 0..<Int.random(in: 1...300, using: &generator) {
            numbers.insert(generator.next() % 1000 + (seed % 2 == 0 ? 0 : 1 << 61))
        }
        let room = Int.random(in: 80...1167, using: &generator)
        var bytes = [UInt8](repeating: 0, count: room)
        let marks = ECNCounts(
            capable0: generator.next() % 3, capable1: 0, congestionExperienced: 0)
        let count = bytes.withUnsafeMutableBytes { buffer in
            var writer = FrameWriter(buffer)
            let fits = writer.writeAcknowledgement(
                sequence: 3, ranges: numbers.ranges, delayMicroseconds: 77, ecn: marks)
            #expect(fits)
            return writer.count
        }
        var ranges: [ClosedRange<UInt64>] = []
        try bytes[..<count].withUnsafeBytes { buffer in
            var reader = FrameReader(buffer)
            guard case .acknowledgement(let header) = try reader.next(ranges: &ranges) else {
                Issue.record("not an ACK")
                return
            }
            #expect(header.sequence == 3 && header.delayMicroseconds == 77)
            #expect(header.largest == numbers.bounds?.upperBound)
            #expect(header.ecn == (marks.isZero ? nil : marks))
            #expect(try reader.next(ranges: &ranges) == nil)
        }
        let expected = numbers.ranges.reversed().prefix(ranges.count).map {
            $0.lowerBound...($0.upperBound - 1)
        }
        #expect(ranges == Array(expected))
        #expect(ranges.count == min(numbers.rangeCount, 65) || room < 1167)
    }

    @Test("An object frame fills its packet to the last byte", arguments: 0..<100)
    func fullPacket(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let id = ObjectID(generator.next() >> UInt64.random(in: 2..<64, using: &generator))
        let offset = UInt32(
            truncatingIfNeeded: generator.next() >> UInt64.random(in: 32..<64, using: &generator))
        let size = Int.random(in: 48...(seed % 2 == 0 ? 120 : 65_000), using: &generator)
        let content = generator.bytes(size)
        var packet = [UInt8](repeating: 0, count: size)
        let length = packet.withUnsafeMutableBytes { buffer in
            var writer = FrameWriter(buffer)
            let room = FrameWriter.objectRoom(of: writer.remaining, id, offset: offset)
            content.withUnsafeBytes {
                writer.writeObjectData(
                    id, offset: offset, bytes: UnsafeRawBufferPointer(rebasing: $0[..<room]))
            }
            // Below 64 bytes the length takes one byte, and beyond 16,383 it would take four.
            #expect(writer.remaining == (room < 64 ? 1 : 0) || room == 16_383)
            writer.padToEnd()
            return room
        }
        var ranges: [ClosedRange<UInt64>] = []
        try packet.withUnsafeBytes { buffer in
            var reader = FrameReader(buffer)
            guard
                case .objectData(let readID, let readOffset, let bytes) =
                    try reader.next(ranges: &ranges)
            else {
                Issue.record("no object frame")
                return
            }
            #expect(readID == id && readOffset == UInt64(offset))
            #expect(Array(bytes) == Array(content[..<length]))
            while let frame = try reader.next(ranges: &ranges) {
                guard case .padding = frame else {
                    Issue.record("more than padding behind the frame")
                    return
                }
            }
        }
    }

    @Test("Received packets: the second asks for an ACK, a gap at once, a delay at the latest")
    func acknowledgementRules() {
        let frequency = AcknowledgementFrequency(
            sequence: 0, packets: 2, delayMicroseconds: 25_000)
        var received = ReceivedPackets(sequence: 0)
        func record(_ number: UInt64, _ time: Int64) {
            received.record(
                number, isAckEliciting: true, ecn: .notCapable, now: Instant(nanoseconds: time),
                frequency: frequency)
        }
        record(0, 0)
        #expect(!received.isDue(now: .zero, frequency: frequency))
        #expect(received.deadline == Instant(nanoseconds: 25_000_000))
        #expect(received.isDue(now: Instant(nanoseconds: 25_000_000), frequency: frequency))
        record(1, 1)
        #expect(received.isDue(now: .zero, frequency: frequency))
        var bytes = [UInt8](repeating: 0, count: 200)
        bytes.withUnsafeMutableBytes {
            var writer = FrameWriter($0)
            #expect(received.writeAcknowledgement(into: &writer, now: .zero) == 1)
        }
        #expect(received.deadline == nil)
        record(3, 2)
        #expect(received.isUrgent)
        received.acknowledgementArrived(largest: 3)
        #expect(received.numbers.ranges == [3..<4])
    }
}

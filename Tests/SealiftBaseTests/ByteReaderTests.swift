import SealiftBase
import SealiftTestSupport
import Testing

@Suite("Byte reader")
struct ByteReaderTests {
    @Test("reads what the writer wrote")
    func roundTrip() throws {
        var writer = ByteWriter()
        writer.write(UInt8(0xAB))
        writer.write(UInt16(0x0102))
        writer.write(UInt32(0x0304_0506))
        writer.write(UInt64(0x0708_090A_0B0C_0D0E))
        writer.writeLengthPrefixed([1, 2, 3])
        writer.writeZeros(2)
        writer.write([9, 8])
        #expect(
            Hexadecimal.encode(writer.bytes) == "ab0102030405060708090a0b0c0d0e0301020300000908")
        try writer.bytes.withUnsafeBytes { buffer throws in
            var reader = ByteReader(buffer)
            #expect(reader.peekedByte == 0xAB)
            #expect(try reader.readUInt8() == 0xAB)
            #expect(try reader.readUInt16() == 0x0102)
            #expect(try reader.readUInt32() == 0x0304_0506)
            #expect(try reader.readUInt64() == 0x0708_090A_0B0C_0D0E)
            #expect(try Array(reader.readLengthPrefixedBytes(atMost: 3)) == [1, 2, 3])
            #expect(try reader.readArray(count: 2) == [0, 0])
            #expect(reader.offset == 21 && reader.remaining == 2)
            #expect(Array(reader.readRemaining()) == [9, 8])
            #expect(reader.isAtEnd && reader.peekedByte == nil)
            #expect(reader.readRemaining().isEmpty)
        }
    }

    @Test("leaves its place when a read fails")
    func failureMovesNothing() {
        let bytes: [UInt8] = [1, 2, 3]
        bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            #expect(throws: ByteReader.Failure.truncated) { try reader.readUInt32() }
            #expect(throws: ByteReader.Failure.truncated) { try reader.readUInt64() }
            #expect(throws: ByteReader.Failure.truncated) { try reader.readHash() }
            #expect(throws: ByteReader.Failure.truncated) { try reader.readBytes(count: 4) }
            #expect(throws: ByteReader.Failure.truncated) { try reader.readBytes(count: .max) }
            #expect(throws: ByteReader.Failure.outOfBounds) { try reader.readBytes(count: -1) }
            #expect(throws: ByteReader.Failure.outOfBounds) { try reader.readBytes(count: .min) }
            #expect(reader.offset == 0)
        }
    }

    @Test("refuses lengths over the bound before it looks at the bytes")
    func bounds() {
        var writer = ByteWriter()
        writer.writeVariableLengthInteger(VariableLengthInteger.maximum)
        writer.bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            #expect(throws: ByteReader.Failure.outOfBounds) {
                try reader.readLengthPrefixedBytes(atMost: 65_536)
            }
            reader = ByteReader(buffer)
            #expect(throws: ByteReader.Failure.truncated) {
                try reader.readLengthPrefixedBytes(atMost: .max)
            }
            reader = ByteReader(buffer)
            #expect(throws: ByteReader.Failure.outOfBounds) {
                try reader.readVariableLengthInteger(atMost: 5)
            }
        }
    }

    @Test("reads nothing from nothing")
    func empty() {
        var reader = ByteReader(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(reader.isAtEnd && reader.remaining == 0 && reader.peekedByte == nil)
        #expect(throws: ByteReader.Failure.truncated) { try reader.readUInt8() }
        #expect(throws: Never.self) { try reader.readBytes(count: 0) }
        #expect(reader.readRemaining().isEmpty)
    }

    @Test("passes over zeros and no further", arguments: [[], [0], [0, 0, 7, 0], [7, 0]])
    func zeros(bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            reader.skipZeros()
            #expect(reader.offset == bytes.prefix { $0 == 0 }.count)
            reader.skipZeros()
            #expect(reader.offset == bytes.prefix { $0 == 0 }.count)
        }
    }

    @Test("never traps and never leaves its buffer", arguments: SimulationSeed.series(100))
    func randomReads(seed: SimulationSeed) {
        var generator = seed.generator(for: "reads")
        for _ in 0..<100 {
            let bytes = generator.bytes(Int.random(in: 0..<40, using: &generator))
            bytes.withUnsafeBytes { buffer in
                var reader = ByteReader(buffer)
                for _ in 0..<20 {
                    let before = reader.offset
                    let succeeded = readSomething(&reader, generator: &generator)
                    #expect(reader.offset <= buffer.count && reader.offset >= before)
                    #expect(reader.offset + reader.remaining == buffer.count)
                    if !succeeded && reader.isAtEnd { break }
                }
            }
        }
    }

    private func readSomething(
        _ reader: inout ByteReader, generator: inout SeededGenerator
    ) -> Bool {
        do throws(ByteReader.Failure) {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: _ = try reader.readUInt8()
            case 1: _ = try reader.readUInt16()
            case 2: _ = try reader.readUInt32()
            case 3: _ = try reader.readUInt64()
            case 4: _ = try reader.readVariableLengthInteger()
            case 5: _ = try reader.readLengthPrefixedBytes(atMost: 1 << 20)
            case 6: _ = try reader.readHash()
            default:
                let count = Int(truncatingIfNeeded: generator.next())
                _ = try reader.readArray(count: count >> Int.random(in: 0..<64, using: &generator))
            }
            return true
        } catch {
            return false
        }
    }
}

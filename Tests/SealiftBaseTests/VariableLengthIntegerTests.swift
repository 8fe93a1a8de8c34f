import SealiftBase
import SealiftTestSupport
import Testing

@Suite("Variable-length integers")
struct VariableLengthIntegerTests {
    private func decode(_ bytes: [UInt8]) throws -> UInt64 {
        try bytes.withUnsafeBytes { buffer throws in
            var reader = ByteReader(buffer)
            let value = try reader.readVariableLengthInteger()
            #expect(reader.isAtEnd)
            return value
        }
    }

    @Test(
        "match the samples of RFC 9000 A.1",
        arguments: [
            ("c2197c5eff14e88c", 151_288_809_941_952_652, true),
            ("9d7f3e7d", 494_878_333, true),
            ("7bbd", 15_293, true),
            ("25", 37, true),
            ("4025", 37, false),
        ] as [(String, UInt64, Bool)])
    func samples(hexadecimal: String, value: UInt64, isShortest: Bool) throws {
        let bytes = try #require(Hexadecimal.decode(hexadecimal))
        #expect(try decode(bytes) == value)
        var writer = ByteWriter()
        writer.writeVariableLengthInteger(value)
        #expect((writer.bytes == bytes) == isShortest)
    }

    @Test(
        "change their size exactly at the powers of two",
        arguments: [
            (0, 1), (63, 1), (64, 2), (16_383, 2), (16_384, 4), (1_073_741_823, 4),
            (1_073_741_824, 8), (VariableLengthInteger.maximum, 8),
        ] as [(UInt64, Int)])
    func sizes(value: UInt64, size: Int) throws {
        #expect(VariableLengthInteger.size(of: value) == size)
        var writer = ByteWriter()
        writer.writeVariableLengthInteger(value)
        #expect(writer.count == size)
        #expect(try decode(writer.bytes) == value)
    }

    @Test("come back from both writers", arguments: SimulationSeed.series(20))
    func roundTrip(seed: SimulationSeed) throws {
        var generator = seed.generator(for: "values")
        for _ in 0..<500 {
            let value = generator.next() >> UInt64.random(in: 2..<64, using: &generator)
            var writer = ByteWriter()
            writer.writeVariableLengthInteger(value)
            #expect(try decode(writer.bytes) == value)
            var memory = [UInt8](repeating: 0, count: 8)
            let count = memory.withUnsafeMutableBytes { buffer in
                var writer = BufferWriter(buffer)
                writer.writeVariableLengthInteger(value)
                return writer.count
            }
            #expect(Array(memory.prefix(count)) == writer.bytes)
        }
    }

    @Test("that are cut short are refused, at every length")
    func truncated() {
        for bytes in [[], [0x40], [0x80, 0, 0], [0xC0, 0, 0, 0, 0, 0, 0]] as [[UInt8]] {
            #expect(throws: ByteReader.Failure.truncated) { try decode(bytes) }
        }
    }
}

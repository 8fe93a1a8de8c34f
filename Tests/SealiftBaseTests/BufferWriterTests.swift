import SealiftBase
import SealiftTestSupport
import Testing

@Suite("Buffer writer")
struct BufferWriterTests {
    @Test("writes the same bytes as the byte writer, at any alignment")
    func sameAsByteWriter() {
        for shift in 0..<8 {
            var expected = ByteWriter()
            expected.writeZeros(shift)
            var memory = [UInt8](repeating: 0, count: 64)
            let count = memory.withUnsafeMutableBytes { buffer in
                var writer = BufferWriter(buffer)
                for _ in 0..<shift { writer.write(UInt8(0)) }
                writer.write(UInt16(0xA1A2))
                writer.write(UInt32(0xB1B2_B3B4))
                writer.write(UInt64(0xC1C2_C3C4_C5C6_C7C8))
                [UInt8]([1, 2, 3]).withUnsafeBytes { writer.write($0) }
                writer.write(UnsafeRawBufferPointer(start: nil, count: 0))
                #expect(writer.remaining == 64 - writer.count)
                return writer.count
            }
            expected.write(UInt16(0xA1A2))
            expected.write(UInt32(0xB1B2_B3B4))
            expected.write(UInt64(0xC1C2_C3C4_C5C6_C7C8))
            expected.write([1, 2, 3])
            #expect(Array(memory.prefix(count)) == expected.bytes)
        }
    }

    @Test("fills in a length after its content")
    func lengthAfterwards() {
        var memory = [UInt8](repeating: 0xFF, count: 4)
        memory.withUnsafeMutableBytes { buffer in
            var writer = BufferWriter(buffer)
            writer.write(UInt16(0))
            writer.write(UInt8(7))
            writer.overwriteTwoByteVariableLengthInteger(1, at: 0)
            #expect(writer.count == 3)
        }
        #expect(memory == [0x40, 0x01, 7, 0xFF])
    }

    @Test("traps rather than write past its end, in release builds too")
    func overrun() async {
        await #expect(processExitsWith: .failure) {
            withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { memory in
                var writer = BufferWriter(UnsafeMutableRawBufferPointer(rebasing: memory[..<7]))
                writer.write(UInt64(1))
            }
        }
        await #expect(processExitsWith: .failure) {
            withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { memory in
                var writer = BufferWriter(UnsafeMutableRawBufferPointer(rebasing: memory[..<2]))
                [UInt8]([1, 2, 3]).withUnsafeBytes { writer.write($0) }
            }
        }
    }
}

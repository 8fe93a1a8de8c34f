import SealiftBase
import SealiftTestSupport
import Testing

@Suite("Hash of 256 bits")
struct Hash256Tests {
    @Test("orders and compares as its bytes do", arguments: SimulationSeed.series(20))
    func order(seed: SimulationSeed) throws {
        var generator = seed.generator(for: "hashes")
        for _ in 0..<100 {
            let left = generator.bytes(32)
            var right = left
            // A common beginning of random length, so that each word decides now and then.
            let start = Int.random(in: 0...32, using: &generator)
            for index in start..<32 { right[index] = UInt8.random(in: 0...255, using: &generator) }
            let leftHash = try #require(Hash256(left))
            let rightHash = try #require(Hash256(right))
            #expect((leftHash < rightHash) == left.lexicographicallyPrecedes(right))
            #expect((leftHash == rightHash) == (left == right))
        }
    }

    @Test("gives back its bytes in every form")
    func forms() throws {
        let bytes = Array(UInt8(0)..<32)
        let hash = try #require(Hash256(bytes))
        #expect(hash.bytes == bytes)
        #expect(
            hash.hexadecimal == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        #expect("\(hash)" == hash.hexadecimal)
        #expect(Hash256(hexadecimal: hash.hexadecimal.uppercased()) == hash)
        var copy = [UInt8](repeating: 0, count: 33)
        copy.withUnsafeMutableBytes {
            hash.copyBytes(to: UnsafeMutableRawBufferPointer(rebasing: $0[1...]))
        }
        #expect(Array(copy.dropFirst()) == bytes)
        var writer = ByteWriter()
        writer.write(hash)
        try writer.bytes.withUnsafeBytes { buffer throws in
            var reader = ByteReader(buffer)
            #expect(try reader.readHash() == hash)
        }
        #expect(Hash256.zero.bytes == [UInt8](repeating: 0, count: 32))
    }

    @Test("is made of exactly 32 bytes", arguments: [0, 1, 31, 33, 64])
    func wrongSize(count: Int) {
        let bytes = [UInt8](repeating: 1, count: count)
        #expect(Hash256(bytes) == nil)
        #expect(bytes.withUnsafeBytes { Hash256($0) } == nil)
        #expect(Hash256(hexadecimal: Hexadecimal.encode(bytes)) == nil)
    }
}

@Suite("Hexadecimal")
struct HexadecimalTests {
    @Test("comes back", arguments: SimulationSeed.series(10))
    func roundTrip(seed: SimulationSeed) {
        var generator = seed.generator(for: "bytes")
        let bytes = generator.bytes(Int.random(in: 0..<100, using: &generator))
        #expect(Hexadecimal.decode(Hexadecimal.encode(bytes)) == bytes)
    }

    @Test(
        "refuses anything but pairs of digits",
        arguments: ["0", "0g", "g0", "00 ", "0x", "é", "٠٠"])
    func refused(text: String) {
        #expect(Hexadecimal.decode(text) == nil)
    }

    @Test("reads both cases")
    func cases() {
        #expect(Hexadecimal.decode("fFaA09") == [0xFF, 0xAA, 0x09])
        #expect(Hexadecimal.decode("") == [])
    }
}

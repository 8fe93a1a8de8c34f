import SealiftBase
import Testing

@testable import SealiftContent

/// Decodes `bytes`, fed in chunks of random sizes.
func decode(
    _ bytes: [UInt8], chunks largest: Int = .max, seed: UInt64 = 0
) throws -> (entries: [ListingEntry], totals: ListingTotals) {
    var generator = SeededGenerator(seed: seed)
    var decoder = ListingDecoder()
    var entries: [ListingEntry] = []
    var start = 0
    while start < bytes.count {
        let count = min(bytes.count - start, Int.random(in: 1...largest, using: &generator))
        decoder.feed(bytes[start..<(start + count)])
        start += count
        while let entry = try decoder.next() { entries.append(entry) }
    }
    try decoder.finish()
    return (entries, decoder.totals)
}

@Suite("The listing codec")
struct ListingCodecTests {
    @Test("Encoding then decoding gives the same tree, in chunks of any size", arguments: 0..<150)
    func identity(seed: UInt64) throws {
        let tree = try RandomTree(seed: seed, entries: 400)
        var encoder = ListingEncoder()
        var bytes: [UInt8] = []
        for (index, entry) in tree.entries.enumerated() {
            try encoder.append(entry)
            if index % 7 == 0 { bytes += encoder.drain() }
        }
        bytes += encoder.drain()
        #expect(encoder.byteCount == UInt64(bytes.count))
        for largest in [1, 7, 300, 1_000_000] {
            let (entries, totals) = try decode(bytes, chunks: largest, seed: seed)
            #expect(entries == tree.entries)
            #expect(totals == encoder.totals)
        }
    }

    @Test("Totals count entries, files, bytes and data")
    func totals() throws {
        var encoder = ListingEncoder()
        try encoder.append(Samples.directory("d"))
        try encoder.append(Samples.file("d/a", size: 10 << 18, holes: [2..<5]))
        try encoder.append(Samples.file("d/b"))
        #expect(
            encoder.totals
                == ListingTotals(entries: 3, files: 2, bytes: 10 << 18, dataBytes: 7 << 18))
    }

    @Test("An empty listing is four bytes")
    func empty() throws {
        var encoder = ListingEncoder()
        let bytes = encoder.drain()
        #expect(bytes == Array("SLL1".utf8))
        #expect(try decode(bytes).entries.isEmpty)
    }

    @Test("The bytes of a file are those of the protocol")
    func bytes() throws {
        var encoder = ListingEncoder()
        try encoder.append(
            Samples.file("x", size: 10 << 18, holes: [1..<3, 5..<6], isExecutable: true))
        let expected: [UInt8] =
            Array("SLL1".utf8) + [1, 1, 1, 0x78, 0x80, 0x28, 0, 0]
            + [UInt8](repeating: 0, count: 12)
            + [2, 1, 2, 2, 1]
        #expect(encoder.drain() == expected)
    }

    @Test("The encoder refuses what the decoder would")
    func encoderRules() throws {
        var encoder = ListingEncoder()
        try encoder.append(Samples.file("b"))
        #expect(throws: ListingViolation.notAscending) { try encoder.append(Samples.file("a")) }
        #expect(throws: ListingViolation.parentIsNoDirectory) {
            try encoder.append(Samples.file("b/x"))
        }
        #expect(throws: ListingViolation.missingParent) { try encoder.append(Samples.file("c/x")) }
        try encoder.append(Samples.file("c"))
        #expect(try decode(encoder.drain()).entries.count == 2)
    }

    @Test("A decoder that waits holds less than one entry")
    func boundedMemory() throws {
        let size: UInt64 = 1 << 56
        let holes = (0..<4_096).map { number -> Range<UInt64> in
            let start = UInt64(number) << 25
            return start..<(start + (1 << 24))
        }
        var encoder = ListingEncoder()
        try encoder.append(Samples.file("a", size: size, holes: holes))
        let bytes = encoder.drain()
        // Byte by byte this would take minutes if each byte had the entry parsed again.
        #expect(try decode(bytes, chunks: 1).entries.first?.file?.holes.runs == holes)
    }
}

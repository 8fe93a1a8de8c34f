import SealiftBase
import Testing

@testable import SealiftContent

/// Writes listings that no encoder would.
private struct RawListing {
    var writer = ByteWriter()

    init() { writer.write("SLL1".utf8) }

    func entry(_ kind: UInt8, flags: UInt8 = 0, _ path: String) -> RawListing {
        var copy = self
        copy.writer.write(kind)
        copy.writer.write(flags)
        copy.writer.writeLengthPrefixed(Array(path.utf8))
        return copy
    }

    func file(
        _ path: String = "f", flags: UInt8 = 0, size: UInt64 = 0, nanoseconds: UInt32 = 0,
        holes: [UInt64] = [], holeCount: UInt64? = nil
    ) -> RawListing {
        var copy = entry(1, flags: flags, path)
        copy.writer.writeVariableLengthInteger(size)
        copy.writer.write(UInt64.max)
        copy.writer.write(nanoseconds)
        copy.writer.writeVariableLengthInteger(holeCount ?? UInt64(holes.count / 2))
        for value in holes { copy.writer.writeVariableLengthInteger(value) }
        return copy
    }

    func directory(_ path: String) -> RawListing { entry(2, path) }

    func link(_ path: String, _ target: String) -> RawListing {
        var copy = entry(3, path)
        copy.writer.writeLengthPrefixed(Array(target.utf8))
        return copy
    }

    func number(_ value: UInt64) -> RawListing {
        var copy = self
        copy.writer.writeVariableLengthInteger(value)
        return copy
    }

    func raw(_ bytes: UInt8...) -> RawListing {
        var copy = self
        copy.writer.write(bytes)
        return copy
    }
}

@Suite("Hostile listings")
struct HostileListingTests {
    private static let listing = RawListing()

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let violation: ListingViolation
    }

    private static func row(
        _ name: String, _ listing: RawListing, _ violation: ListingViolation
    ) -> Row {
        Row(testDescription: name, bytes: listing.writer.bytes, violation: violation)
    }

    static let rows: [Row] = [
        Row(testDescription: "another mark", bytes: Array("SLL2".utf8), violation: .notAListing),
        Row(testDescription: "no bytes", bytes: [], violation: .truncated),
        Row(testDescription: "half a mark", bytes: Array("SL".utf8), violation: .truncated),
        row("kind 0", listing.entry(0, "f"), .unknownKind(0)),
        row("kind 4", listing.entry(4, "f"), .unknownKind(4)),
        row("unknown flag on a file", listing.file(flags: 3), .unknownFlags(3)),
        row("executable directory", listing.entry(2, flags: 1, "d"), .unknownFlags(1)),
        row("executable link", listing.entry(3, flags: 1, "d"), .unknownFlags(1)),
        row("path of length 0", listing.raw(2, 0, 0, 0), .path(.empty)),
        row("path of 4,097", listing.raw(2, 0).number(4_097), .path(.tooLong)),
        row("path of 2^31", listing.raw(2, 0).number(1 << 31), .path(.tooLong)),
        row("path of 2^32 − 1", listing.raw(2, 0).number((1 << 32) - 1), .path(.tooLong)),
        row("path of 2^62 − 1", listing.raw(2, 0).number((1 << 62) - 1), .path(.tooLong)),
        row(
            "path of −1", listing.raw(2, 0, 255, 255, 255, 255, 255, 255, 255, 255), .path(.tooLong)
        ),
        row("absolute", listing.directory("/d"), .path(.absolute)),
        row("up", listing.directory("../d"), .path(.parentDirectory)),
        row("escape code", listing.directory("a\u{1B}[2J"), .path(.controlCharacter)),
        row("private folder", listing.directory(".sealift"), .path(.reservedName)),
        row("not UTF-8", listing.raw(2, 0, 1, 0xFF), .path(.notUTF8)),
        row(
            "too deep",
            listing.directory([String](repeating: "a", count: 257).joined(separator: "/")),
            .path(.tooDeep)),
        row("the same twice", listing.directory("a").directory("a"), .notAscending),
        row("a file and a directory of one name", listing.file("a").directory("a"), .notAscending),
        row("descending", listing.directory("b").directory("a"), .notAscending),
        row(
            "bytewise but not by component", listing.directory("a").directory("a!").file("a/b"),
            .notAscending),
        row("no parent", listing.file("a/b"), .missingParent),
        row("no grandparent's child", listing.directory("a").file("a/b/c"), .missingParent),
        row("another's child", listing.directory("a").file("b/c"), .missingParent),
        row(
            "a name that only begins alike", listing.directory("ab").file("ab/x").file("abc/y"),
            .missingParent),
        row("below a file", listing.file("a").file("a/b"), .parentIsNoDirectory),
        row(
            "below a link", listing.directory("a").link("a/l", "x").file("a/l/f"),
            .parentIsNoDirectory),
        row("size above 2^56", listing.file(size: (1 << 56) + 1), .fileTooLarge),
        row("size 2^62 − 1", listing.file(size: (1 << 62) - 1), .fileTooLarge),
        row("a billion nanoseconds", listing.file(nanoseconds: 1_000_000_000), .invalidTime),
        row("nanoseconds of −1", listing.file(nanoseconds: .max), .invalidTime),
        row("4,097 holes", listing.file(size: 1 << 50, holeCount: 4_097), .holes(.tooMany)),
        row(
            "2^62 − 1 holes", listing.file(size: 1 << 50, holeCount: (1 << 62) - 1),
            .holes(.tooMany)),
        row("a hole of nothing", listing.file(size: 1 << 20, holes: [0, 0]), .holes(.empty)),
        row("touching holes", listing.file(size: 1 << 20, holes: [0, 1, 0, 1]), .holes(.notApart)),
        row("a hole in an empty file", listing.file(holes: [0, 1]), .holes(.pastEnd)),
        row("a hole past the end", listing.file(size: 1 << 20, holes: [0, 5]), .holes(.pastEnd)),
        row(
            "a hole that begins past the end", listing.file(size: 1 << 20, holes: [5, 1]),
            .holes(.pastEnd)),
        row(
            "the partial piece as a hole", listing.file(size: (1 << 18) + 1, holes: [1, 1]),
            .holes(.pastEnd)),
        row(
            "a hole of 2^62 − 1", listing.file(size: 1 << 20, holes: [1, (1 << 62) - 1]),
            .holes(.pastEnd)),
        row("an empty target", listing.directory("a").link("a/l", ""), .linkTarget(.empty)),
        row(
            "a target outside", listing.directory("a").link("a/l", "../x"), .linkTarget(.leavesTree)
        ),
        row("an absolute target", listing.directory("a").link("a/l", "/x"), .linkTarget(.absolute)),
        row("a target of 2^31", listing.entry(3, "l").number(1 << 31), .linkTarget(.tooLong)),
        row("an end in the middle", listing.directory("a").raw(1, 0), .truncated),
    ]

    @Test("Every broken rule is named, whole and byte by byte", arguments: rows)
    func refusals(row: Row) {
        for largest in [1, 3, 1_000] {
            #expect(throws: row.violation) { try decode(row.bytes, chunks: largest) }
        }
    }

    @Test("Files that add up to more than 2^62 − 1 bytes are refused")
    func overflow() throws {
        var listing = RawListing()
        for index in 100..<164 { listing = listing.file("f\(index)", size: 1 << 56) }
        #expect(throws: ListingViolation.tooManyBytes) { try decode(listing.writer.bytes) }
        var totals = ListingTotals(entries: ListingTotals.maximumEntries)
        #expect(throws: ListingViolation.tooManyEntries) { try totals.add(Samples.file("x")) }
        var full = ListingTotals(bytes: ListingTotals.maximumBytes)
        #expect(throws: ListingViolation.tooManyBytes) {
            try full.add(Samples.file("x", size: 1))
        }
        #expect(full == ListingTotals(bytes: ListingTotals.maximumBytes))
    }

    @Test("The first violation is final")
    func sticky() throws {
        var decoder = ListingDecoder()
        decoder.feed(RawListing().entry(9, "x").writer.bytes)
        #expect(throws: ListingViolation.unknownKind(9)) { try decoder.next() }
        decoder.feed(RawListing().directory("a").writer.bytes)
        #expect(throws: ListingViolation.unknownKind(9)) { try decoder.next() }
        #expect(throws: ListingViolation.unknownKind(9)) { try decoder.finish() }
    }

    @Test("Mutated listings never trap, and what passes keeps every rule", arguments: 0..<8)
    func mutations(block: UInt64) throws {
        for seed in (block * 1_000)..<(block * 1_000 + 1_000) {
            var generator = SeededGenerator(seed: seed)
            var encoder = ListingEncoder()
            for entry in try RandomTree(seed: seed, entries: 12).entries {
                try encoder.append(entry)
            }
            var bytes = encoder.drain()
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: generator.bytes(3), at: place)
                default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            guard let (entries, totals) = try? decode(bytes, chunks: 50, seed: seed) else {
                continue
            }
            // The encoder has the same rules: what passed the decoder must pass it.
            var again = ListingEncoder()
            for entry in entries { try again.append(entry) }
            #expect(again.totals == totals, "seed \(seed)")
        }
    }

    @Test("Random bytes behind the mark never trap", arguments: 0..<4)
    func noise(block: UInt64) {
        for seed in (block * 1_000)..<(block * 1_000 + 1_000) {
            var generator = SeededGenerator(seed: seed)
            let bytes = Array("SLL1".utf8) + generator.bytes(200).map { $0 & 0x83 }
            _ = try? decode(bytes, chunks: 40, seed: seed)
        }
    }
}

import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@Suite("An entry of the log")
struct AuditEntryTests {
    /// An entry in which every choice is drawn from `generator`.
    private static func entry(_ generator: inout SeededGenerator) throws -> AuditEntry {
        func perhaps<Value>(_ value: Value) -> Value? {
            Bool.random(using: &generator) ? value : nil
        }
        let transfer = TransferID(generator.bytes(16))
        let peer = try DeviceID(#require(Hash256(generator.bytes(32))))
        let root = try #require(Hash256(generator.bytes(32)))
        return AuditEntry(
            try #require(AuditEntry.Event.allCases.randomElement(using: &generator)),
            at: WallTime(secondsSince1970: .random(in: .min ... .max, using: &generator)),
            direction: try #require(AuditEntry.Direction.allCases.randomElement(using: &generator)),
            transfer: perhaps(transfer) ?? nil, peer: perhaps(peer),
            content: perhaps(AuditEntry.Content(length: generator.next(), root: root)),
            bytes: perhaps(generator.next()),
            decision: try #require(AuditEntry.Decision.allCases.randomElement(using: &generator)),
            result: try #require(AuditEntry.Result.allCases.randomElement(using: &generator)),
            subject: generator.bytes(.random(in: 0...300, using: &generator)),
            reason: perhaps("disk_full") ?? "")
    }

    @Test("is read as it was written, and from nothing shorter, longer or otherwise changed")
    func coding() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            let entry = try Self.entry(&generator)
            let bytes = entry.encoded
            #expect(bytes.count <= AuditEntry.maximumByteCount)
            #expect(try AuditEntry(encoded: bytes) == entry)
            #expect(throws: AuditEntry.DecodingError.malformed) {
                try AuditEntry(encoded: bytes + [0])
            }
            #expect(throws: AuditEntry.DecodingError.malformed) {
                try AuditEntry(encoded: bytes.dropLast())
            }
            var changed = bytes
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            changed[index] ^= UInt8.random(in: 1...255, using: &generator)
            #expect((try? AuditEntry(encoded: changed)) != entry)
        }
    }

    @Test("names a version it does not know, and refuses lengths beyond the bounds")
    func bounds() throws {
        let entry = AuditEntry(.deleted, at: WallTime(secondsSince1970: 0))
        var newer = entry.encoded
        newer[0] = 2
        #expect(throws: AuditEntry.DecodingError.newerVersion(2)) {
            try AuditEntry(encoded: newer)
        }
        for length: UInt64 in [4_097, 1 << 31, 1 << 32 - 1, 1 << 62 - 1] {
            var writer = ByteWriter()
            writer.write(entry.encoded.dropLast(2))
            writer.writeVariableLengthInteger(length)
            #expect(throws: AuditEntry.DecodingError.malformed) {
                try AuditEntry(encoded: writer.bytes)
            }
        }
        #expect(throws: AuditEntry.DecodingError.malformed) { try AuditEntry(encoded: []) }
    }

    @Test("cuts what is too long, and keeps only plain characters of a reason")
    func cut() throws {
        let entry = AuditEntry(
            .transferEnded, at: WallTime(secondsSince1970: 1),
            subject: [UInt8](repeating: 65, count: 10_000),
            reason: "a\u{1B}[2J" + String(repeating: "b", count: 100))
        #expect(entry.subject.count == AuditEntry.maximumSubjectLength)
        #expect(entry.reason.hasPrefix("a[2Jbbb"))
        #expect(entry.reason.utf8.count == AuditEntry.maximumReasonLength)
        #expect(try AuditEntry(encoded: entry.encoded) == entry)
    }
}

import SealiftBase
import SealiftTransfer
import Testing

@Suite("A ticket record")
struct TicketRecordTests {
    @Test("is read back as what was written, whatever became of it", arguments: UInt64(0)..<100)
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var record = try TicketSamples.record(seed: seed)
        let device = try TicketSamples.device(&generator)
        let now = record.created
        if seed & 1 != 0,
            case .claimed(let claimed) = TicketRules.claim(record, by: device, now: now)
        {
            record = claimed
        }
        if seed & 2 != 0 { record = TicketRules.complete(record, now: now.adding(seconds: 5)) }
        if seed & 4 != 0 { record = TicketRules.withdraw(record, now: now.adding(seconds: 6)) }
        if seed & 8 != 0 {
            let far = now.adding(seconds: 3_000_000_000)
            if case .update(let updated) = TicketRules.retention(of: record, now: far) {
                record = updated
            }
        }
        let back = try TicketRecord(encoded: record.encoded)
        #expect(back.encoded == record.encoded)
        #expect(back.secret.bytesForTest == record.secret.bytesForTest)
        #expect(back.created == record.created && back.expires == record.expires)
        #expect(back.paths == record.paths && back.listen == record.listen)
        #expect(back.claim == record.claim && back.completed == record.completed)
        #expect(back.withdrawn == record.withdrawn)
        #expect(back.forgettableSince == record.forgettableSince)
    }

    @Test("is refused when cut or altered anywhere")
    func damage() throws {
        let bytes = try TicketSamples.record(seed: 9).encoded
        for length in 0..<bytes.count {
            #expect(throws: TicketRecord.Failure.self) {
                try TicketRecord(encoded: Array(bytes.prefix(length)))
            }
        }
        for position in bytes.indices {
            var altered = bytes
            altered[position] ^= 0x20
            #expect(throws: TicketRecord.Failure.self) { try TicketRecord(encoded: altered) }
        }
        #expect(throws: TicketRecord.Failure.damaged) { try TicketRecord(encoded: bytes + [0]) }
    }

    @Test("of a later format is told apart from a damaged one")
    func laterFormat() throws {
        var bytes = try TicketSamples.record(seed: 9).encoded
        bytes[3] = UInt8(ascii: "3")
        #expect(throws: TicketRecord.Failure.unknownVersion) { try TicketRecord(encoded: bytes) }
    }

    @Test("cannot be made without a path or an address, or with a path too long")
    func bounds() throws {
        let record = try TicketSamples.record(seed: 4)
        func make(paths: [[UInt8]], listen: [PeerAddress]) -> TicketRecord? {
            TicketRecord(
                secret: record.secret, created: record.created, expires: record.expires,
                paths: paths, listen: listen)
        }
        #expect(make(paths: record.paths, listen: record.listen) != nil)
        #expect(make(paths: [], listen: record.listen) == nil)
        #expect(make(paths: [[]], listen: record.listen) == nil)
        #expect(make(paths: [[UInt8](repeating: 47, count: 4_097)], listen: record.listen) == nil)
        #expect(make(paths: record.paths, listen: []) == nil)
    }

    @Test("never shows its secret")
    func hidden() throws {
        let record = try TicketSamples.record(seed: 3)
        var dumped = ""
        dump(record, to: &dumped)
        #expect("\(record)" == "<ticket record>")
        #expect(dumped.count < 40)
    }
}

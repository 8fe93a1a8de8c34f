import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftTransfer

/// Issued at second 1,000,000 for one day, for every device that comes.
@Suite("A ticket for many")
struct TicketForManyTests {
    private let day: Int64 = 86_400
    private let record: TicketRecord
    private let devices: [DeviceID]

    init() throws {
        var generator = SeededGenerator(seed: 11)
        let one = try TicketSamples.record(seed: 11)
        record = try #require(
            TicketRecord(
                secret: one.secret, created: one.created, expires: one.expires, paths: one.paths,
                listen: one.listen, audience: .manyDevices))
        devices = try (0..<3).map { _ in try TicketSamples.device(&generator) }
    }

    private func at(_ seconds: Int64) -> WallTime { record.created.adding(seconds: seconds) }

    private func joined(
        _ record: TicketRecord, _ device: DeviceID, _ now: WallTime
    ) throws -> TicketRecord {
        guard case .claimed(let joined) = TicketRules.claim(record, by: device, now: now) else {
            throw Unexpected()
        }
        return joined
    }

    private struct Unexpected: Error {}

    @Test("goes to every device before it expires, and none of them spends it")
    func everybody() throws {
        var changed = try joined(record, devices[0], at(1))
        changed = TicketRules.complete(changed, by: devices[0], now: at(2))
        changed = try joined(changed, devices[1], at(3))
        #expect(changed.isClaimed(by: devices[0]) && changed.isClaimed(by: devices[1]))
        #expect(changed.members.map(\.completed) == [at(2), nil])
        #expect(changed.completed == nil && changed.claim == nil)
        guard case .expired = TicketRules.claim(changed, by: devices[2], now: at(day)) else {
            throw Unexpected()
        }
        guard case .alreadyYours = TicketRules.claim(changed, by: devices[0], now: at(8 * day - 1))
        else { throw Unexpected() }
        guard case .expired = TicketRules.claim(changed, by: devices[1], now: at(8 * day)) else {
            throw Unexpected()
        }
    }

    @Test("is not served as a ticket for one, nor the other way round")
    func audience() throws {
        let one = try TicketSamples.record(seed: 11)
        #expect(
            TicketRules.serving(one, paths: one.paths, audience: .manyDevices, now: at(1))
                == .otherAudience)
        #expect(TicketRules.serving(record, paths: record.paths, now: at(1)) == .otherAudience)
        #expect(
            TicketRules.serving(record, paths: record.paths, audience: .manyDevices, now: at(1))
                == .servesAgain)
    }

    @Test("is read back as what was written, cut nowhere and altered nowhere")
    func roundTrip() throws {
        var changed = try joined(record, devices[0], at(1))
        changed = try joined(changed, devices[1], at(3))
        changed = TicketRules.complete(changed, by: devices[1], now: at(4))
        let bytes = changed.encoded
        #expect(bytes.starts(with: Array("SLT2".utf8)))
        let back = try TicketRecord(encoded: bytes)
        #expect(back.members == changed.members && back.audience == .manyDevices)
        #expect(back.encoded == bytes)
        for length in 0..<bytes.count {
            #expect(throws: TicketRecord.Failure.self) {
                _ = try TicketRecord(encoded: Array(bytes[..<length]))
            }
        }
    }

    @Test("holds no more devices than it may, whoever comes")
    func bound() throws {
        var generator = SeededGenerator(seed: 12)
        var full = record
        for _ in 0..<TicketRecord.maximumMemberCount {
            full = try joined(full, try TicketSamples.device(&generator), at(1))
        }
        guard case .alreadyUsed = TicketRules.claim(full, by: devices[0], now: at(2)) else {
            throw Unexpected()
        }
        #expect(try TicketRecord(encoded: full.encoded).members.count == full.members.count)
        #expect(full.encoded.count < 1 << 20)
    }
}

import SealiftBase
import SealiftCrypto
import SealiftTransfer
import Testing

/// Issued at second 1,000,000 for one day.
@Suite("The rules of a ticket")
struct TicketRulesTests {
    private let day: Int64 = 86_400
    private let record: TicketRecord
    private let first: DeviceID
    private let second: DeviceID

    init() throws {
        var generator = SeededGenerator(seed: 7)
        record = try TicketSamples.record(seed: 7)
        first = try TicketSamples.device(&generator)
        second = try TicketSamples.device(&generator)
    }

    @Test("give it to the first device, which may come back; any other is told it is used")
    func firstComes() throws {
        let owned = try claimed(record, by: first, now: at(10))
        #expect(owned.claim?.owner == first)
        #expect(owned.claim?.time == at(10))
        #expect(answer(owned, first, at(20)) == .alreadyYours)
        #expect(answer(owned, second, at(20)) == .alreadyUsed)
        #expect(answer(owned, second, at(100 * day)) == .alreadyUsed)
    }

    @Test("let nobody claim it from the second of its expiry on")
    func expiry() {
        #expect(answer(record, first, at(day - 1)) == .claimed)
        #expect(answer(record, first, at(day)) == .expired)
    }

    @Test("let its owner back for seven days after expiry, until it is complete")
    func owner() throws {
        let owned = try claimed(record, by: first, now: at(day - 1))
        #expect(answer(owned, first, at(8 * day - 1)) == .alreadyYours)
        #expect(answer(owned, first, at(8 * day)) == .expired)
        let spent = TicketRules.complete(owned, now: at(day))
        #expect(answer(spent, first, at(day)) == .alreadyUsed)
        #expect(answer(spent, second, at(day)) == .alreadyUsed)
    }

    @Test("refuse everybody once it is withdrawn")
    func withdrawn() throws {
        let owned = TicketRules.withdraw(try claimed(record, by: first, now: at(1)), now: at(2))
        #expect(answer(owned, first, at(3)) == .withdrawn)
        #expect(answer(owned, second, at(3)) == .withdrawn)
        #expect(answer(TicketRules.withdraw(record, now: at(2)), first, at(3)) == .withdrawn)
    }

    @Test("keep the time of the first completion and of the first withdrawal")
    func firstCounts() {
        let spent = TicketRules.complete(TicketRules.complete(record, now: at(1)), now: at(9))
        #expect(spent.completed == at(1))
        let taken = TicketRules.withdraw(TicketRules.withdraw(record, now: at(1)), now: at(9))
        #expect(taken.withdrawn == at(1))
    }

    @Test("serve the same paths again until the last time of use")
    func serving() throws {
        let paths = record.paths
        #expect(TicketRules.serving(record, paths: paths, now: at(0)) == .servesAgain)
        #expect(TicketRules.serving(record, paths: paths, now: at(day)) == .expired)
        #expect(TicketRules.serving(record, paths: paths + paths, now: at(0)) == .otherPaths)
        let owned = try claimed(record, by: first, now: at(1))
        #expect(TicketRules.serving(owned, paths: paths, now: at(8 * day - 1)) == .servesAgain)
        #expect(TicketRules.serving(owned, paths: paths, now: at(8 * day)) == .expired)
        let spent = TicketRules.complete(owned, now: at(2))
        #expect(TicketRules.serving(spent, paths: paths, now: at(3)) == .spent)
        let taken = TicketRules.withdraw(owned, now: at(2))
        #expect(TicketRules.serving(taken, paths: paths, now: at(3)) == .withdrawn)
    }

    @Test("remember a spent ticket for thirty days, and forget it on a second look a day later")
    func memory() throws {
        let spent = TicketRules.complete(try claimed(record, by: first, now: at(1)), now: at(5))
        guard case .keep = TicketRules.retention(of: spent, now: at(5 + 30 * day - 1)) else {
            Issue.record("forgettable too early")
            return
        }
        let marked = try updated(spent, at(5 + 30 * day))
        guard case .keep = TicketRules.retention(of: marked, now: at(4 + 31 * day)) else {
            Issue.record("forgotten on the first look")
            return
        }
        guard case .forget = TicketRules.retention(of: marked, now: at(5 + 31 * day)) else {
            Issue.record("never forgotten")
            return
        }
    }

    @Test("lose nothing to a clock that jumps to 2099 and back")
    func jump() throws {
        let far = WallTime(secondsSince1970: 4_080_000_000)
        #expect(answer(record, first, far) == .expired)
        #expect(answer(record, first, at(5)) == .claimed)
        let owned = try claimed(record, by: first, now: at(1))
        #expect(answer(owned, first, far) == .expired)
        #expect(answer(owned, first, at(5)) == .alreadyYours)

        let spent = TicketRules.complete(owned, now: at(5))
        let marked = try updated(spent, far)
        let back = try updated(marked, at(6))
        #expect(back.forgettableSince == nil)
        #expect(answer(back, second, at(7)) == .alreadyUsed)
    }

    @Test("do not overflow at the ends of time")
    func endsOfTime() throws {
        let always = try #require(
            TicketRecord(
                secret: record.secret, created: WallTime(secondsSince1970: .min),
                expires: WallTime(secondsSince1970: .max), paths: record.paths,
                listen: record.listen))
        for seconds in [Int64.min, 0, Int64.max - 1] {
            let now = WallTime(secondsSince1970: seconds)
            #expect(answer(always, first, now) == .claimed)
            _ = TicketRules.retention(of: always, now: now)
            _ = TicketRules.retention(of: TicketRules.complete(always, now: now), now: now)
        }
    }

    private func at(_ seconds: Int64) -> WallTime {
        WallTime(secondsSince1970: 1_000_000 + seconds)
    }

    private enum Answer { case claimed, alreadyYours, alreadyUsed, expired, withdrawn }

    private func answer(_ record: TicketRecord, _ device: DeviceID, _ now: WallTime) -> Answer {
        switch TicketRules.claim(record, by: device, now: now) {
        case .claimed: .claimed
        case .alreadyYours: .alreadyYours
        case .alreadyUsed: .alreadyUsed
        case .expired: .expired
        case .withdrawn: .withdrawn
        }
    }

    private func claimed(
        _ record: TicketRecord, by device: DeviceID, now: WallTime
    ) throws -> TicketRecord {
        var result: TicketRecord?
        if case .claimed(let claimed) = TicketRules.claim(record, by: device, now: now) {
            result = claimed
        }
        return try #require(result)
    }

    private func updated(_ record: TicketRecord, _ now: WallTime) throws -> TicketRecord {
        var result: TicketRecord?
        if case .update(let updated) = TicketRules.retention(of: record, now: now) {
            result = updated
        }
        return try #require(result)
    }
}

import Foundation
import GRDB
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("Offers in quarantine, in the store")
struct QuarantineStoreTests {
    private static let folder = Array("/srv/in".utf8)

    private static func rule(_ contact: Contact, quota: UInt64? = nil) throws -> AcceptanceRule {
        try #require(
            AcceptanceRule(
                from: contact.identity, destination: "/srv/in", maximumByteCount: 100,
                quota: quota, quarantines: true))
    }

    /// An offer of bob's that a rule holds.
    private static func held(_ number: Int, in scene: SharingScene) throws -> StoredOffer {
        let offer = try SharingScene.offer(number, from: scene.bob)
        _ = try scene.log().addOffer(offer, time: SharingScene.time)
        return try scene.log().holdOffer(offer.id, device: offer.device).get()
    }

    @Test("are held, released and discarded, each in the log before it is done and when it is")
    func lives() throws {
        let scene = try SharingScene()
        let rule = try scene.log().addRule(Self.rule(scene.bob)).get()
        #expect(try scene.open().rules().value?.first?.rule.quarantines == true)
        let offer = try SharingScene.offer(1, from: scene.bob)
        guard
            case .stored(let taken) = try scene.log().addOffer(offer, time: SharingScene.time)
        else {
            Issue.record("the rule did not take it")
            return
        }
        #expect(taken.state == .accepted && taken.quarantine == Self.folder && taken.held == nil)
        // Taken by a rule that holds: also when the rule is gone by the time it comes.
        _ = try scene.log().removeRule(rule.number).get()
        let held = try scene.log().holdOffer(offer.id, device: offer.device).get()
        #expect(held.state == .held && held.held != nil && held.destination == Self.folder)
        #expect(try scene.open().inbox() == [held])
        let log = try scene.log()
        #expect(try log.holdOffer(offer.id, device: nil).refusal == .settled)
        #expect(try log.decideOffer(offer.id, .decline).refusal == .settled)
        #expect(try log.endRelease(offer.id).refusal == .settled)
        #expect(try log.releaseOffer(offer.id, into: Array("x".utf8)).refusal == .destination)
        #expect(try log.releaseOffer(offer.id, into: Self.folder).get().state == .releasing)
        let size = try log.head().size
        // Gone on with, it is no second deed; elsewhere it is.
        #expect(try log.releaseOffer(offer.id, into: Self.folder).get().state == .releasing)
        #expect(try log.head().size == size)
        let other = try log.releaseOffer(offer.id, into: Array("/srv/other".utf8)).get()
        #expect(other.destination == Array("/srv/other".utf8) && other.quarantine == Self.folder)
        #expect(try log.head().size == size + 1)
        #expect(try log.endRelease(offer.id).get().state == .done)
        #expect(try log.discardOffer(offer.id).refusal == .settled)

        _ = try scene.log().addRule(Self.rule(scene.bob)).get()
        let second = try Self.held(2, in: scene)
        #expect(try log.discardOffer(second.incoming.id).get().state == .discarding)
        #expect(
            try log.releaseOffer(second.incoming.id, into: Self.folder).refusal == .settled)
        #expect(try log.discardOffer(second.incoming.id).get().state == .discarding)
        #expect(try log.endDiscard(second.incoming.id).get().state == .discarded)
        #expect(try scene.open().inbox() == [])
        #expect(
            try scene.entries().map(\.reason).filter { $0.hasPrefix("offer_") } == [
                "offer_held", "offer_release", "offer_release", "offer_released", "offer_held",
                "offer_discard", "offer_discarded",
            ])
        #expect(try scene.store.finding() == nil)
    }

    @Test("count for their rule, and with what is on its way sixteen of a contact at a time")
    func bounds() throws {
        let scene = try SharingScene()
        _ = try scene.log().addRule(Self.rule(scene.bob, quota: 165)).get()
        let offers = try (0..<16).map { try Self.held($0, in: scene) }
        func outcome(_ number: Int) throws -> OfferOutcome {
            try scene.log().addOffer(
                SharingScene.offer(number, from: scene.bob), time: SharingScene.time)
        }
        func state(_ outcome: OfferOutcome) -> StoredOffer.State? {
            if case .stored(let offer) = outcome { offer.state } else { nil }
        }
        // Beyond the quota it waits for the user's hand, as without a rule.
        #expect(state(try outcome(16)) == .waiting)
        _ = try scene.log().removeRule(1).get()
        _ = try scene.log().addRule(Self.rule(scene.bob)).get()
        #expect(try outcome(17) == .refuse(.tooManyWaiting))
        let log = try scene.log()
        _ = try log.releaseOffer(offers[0].incoming.id, into: Self.folder).get()
        #expect(try outcome(18) == .refuse(.tooManyWaiting))
        _ = try log.endRelease(offers[0].incoming.id).get()
        #expect(state(try outcome(19)) == .accepted)
        _ = try log.discardOffer(offers[1].incoming.id).get()
        #expect(try outcome(20) == .refuse(.tooManyWaiting))
        _ = try log.endDiscard(offers[1].incoming.id).get()
        #expect(state(try outcome(21)) == .accepted)
        // What came was moved: no discard gives it back to the quota.
        #expect(try scene.open().rules().value?.first?.accepted == 20)
    }

    @Test("stay listed when their contact is removed: what is on this disk is not forgotten")
    func removed() throws {
        let scene = try SharingScene()
        _ = try scene.log().addRule(Self.rule(scene.bob)).get()
        let held = try Self.held(1, in: scene)
        _ = try scene.log().addOffer(
            SharingScene.offer(2, from: scene.bob), time: SharingScene.time)
        try scene.log().changeContacts { book in
            Result<AuditEntry, ContactBookError> { () throws(ContactBookError) in
                guard book.remove(scene.bob.identity) else { throw .unknown }
                return AuditEntry(.contactChanged, at: SharingScene.time, reason: "removed")
            }
        }.get()
        #expect(try scene.open().inbox() == [held])
        #expect(try scene.log().discardOffer(held.incoming.id).get().state == .discarding)
        #expect(try scene.log().endDiscard(held.incoming.id).get().state == .discarded)
    }

    @Test("leave offers and rules of an older version as they were")
    func upgraded() throws {
        let store = try TemporaryStore()
        let steps = Schema.steps.filter { $0.name < "0009" }
        let queue = try Store.open(store.home, migrator: Schema.migrator(steps))
        let zero = Data(repeating: 0, count: 32)
        try queue.write { database in
            try database.execute(
                sql: "INSERT INTO rule VALUES (7, ?, ?, 100, 200, 30, ?, 5)",
                arguments: [zero, Data(Self.folder), StoredLimit.none])
            for state in 0...3 {
                try database.execute(
                    sql: "INSERT INTO offer VALUES (?, ?, ?, ?, 30, 2, NULL, 9, ?, ?, 7)",
                    arguments: [
                        Data(repeating: UInt8(state), count: 16), zero, zero, Data("a".utf8), state,
                        Data(Self.folder),
                    ])
            }
        }
        try queue.close()
        let opened = try Store(in: store.home)
        let rule = try #require(opened.rules().value?.first)
        #expect(rule.number == 7 && rule.accepted == 30 && rule.rule.quota == 200)
        #expect(!rule.rule.quarantines)
        let offers = try opened.inbox(Set(StoredOffer.State.allCases))
        #expect(
            offers.map(\.state).sorted { $0.rawValue < $1.rawValue }
                == [.waiting, .accepted, .declined, .done])
        #expect(offers.allSatisfy { $0.quarantine == nil && $0.held == nil && $0.rule == 7 })
        // Numbers of rules are never used again, also over this step.
        let next = try opened.read { database in
            try Int64.fetchOne(
                database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'rule'")
        }
        #expect(next == 7)
    }
}

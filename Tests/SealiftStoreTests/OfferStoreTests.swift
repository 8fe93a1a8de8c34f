import Foundation
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("Offers and rules in the store")
struct OfferStoreTests {
    private static func take(
        _ offer: IncomingOffer, in scene: SharingScene, time: WallTime = SharingScene.time
    ) throws -> OfferOutcome {
        try scene.log().addOffer(offer, time: time)
    }

    private static func state(_ outcome: OfferOutcome) -> StoredOffer.State? {
        if case .stored(let offer) = outcome { offer.state } else { nil }
    }

    private static func rule(
        _ contact: Contact, maximum: UInt64 = 100, quota: UInt64? = nil, expires: WallTime? = nil
    ) throws -> AcceptanceRule {
        try #require(
            AcceptanceRule(
                from: contact.identity, destination: "/srv/in", maximumByteCount: maximum,
                quota: quota, expires: expires))
    }

    @Test("wait in the inbox until the user answers; said again, they are the same")
    func byHand() throws {
        let scene = try SharingScene()
        let offer = try SharingScene.offer(1, from: scene.eve, label: "a\u{1B}]0;x")
        for _ in 0..<3 {
            #expect(Self.state(try Self.take(offer, in: scene)) == .waiting)
        }
        #expect(try scene.open().inbox().map(\.incoming) == [offer])
        #expect(try scene.entries().map(\.event) == [.offered])
        // Another offer under its name is none.
        let other = try SharingScene.offer(1, from: scene.eve, bytes: 11)
        #expect(try Self.take(other, in: scene) == .refuse(.impossible))
        let thief = try SharingScene.offer(1, from: scene.bob)
        #expect(try Self.take(thief, in: scene) == .refuse(.impossible))
        let taken = try scene.log().decideOffer(
            offer.id, .accept(into: Array("/srv/in".utf8))
        ).get()
        #expect(taken.state == .accepted && taken.destination == Array("/srv/in".utf8))
        #expect(Self.state(try Self.take(offer, in: scene)) == .accepted)
        #expect(
            try scene.log().decideOffer(offer.id, .accept(into: Array("/x".utf8))).refusal
                == .settled)
        let entry = AuditEntry(.transferEnded, at: SharingScene.time, result: .complete)
        try scene.log().offerDone(offer.id, entry).get()
        #expect(try scene.log().offerDone(offer.id, entry).refusal == .settled)
        #expect(try scene.log().decideOffer(offer.id, .decline).refusal == .settled)
        #expect(try scene.open().offer(offer.id).value?.state == .done)
        #expect(try scene.open().inbox() == [])
        #expect(
            try scene.entries().map(\.event)
                == [.offered, .transferDenied, .transferDenied, .accepted, .transferEnded])
    }

    @Test("are declined for good, and answered no when they come again")
    func declined() throws {
        let scene = try SharingScene()
        let offer = try SharingScene.offer(1, from: scene.bob)
        _ = try Self.take(offer, in: scene)
        _ = try scene.log().decideOffer(offer.id, .decline).get()
        #expect(Self.state(try Self.take(offer, in: scene)) == .declined)
        let unknown = try #require(OfferID([UInt8](repeating: 9, count: 16)))
        #expect(try scene.log().decideOffer(unknown, .decline).refusal == .unknown)
        for path in ["relative", "", "/a\0b"] {
            let next = try SharingScene.offer(2, from: scene.bob)
            _ = try Self.take(next, in: scene)
            #expect(
                try scene.log().decideOffer(next.id, .accept(into: Array(path.utf8))).refusal
                    == .destination)
        }
    }

    @Test("get silence where their device is not heard, and leave nothing behind")
    func silence() throws {
        let scene = try SharingScene()
        let known = try SharingScene.offer(1, from: scene.bob)
        #expect(Self.state(try Self.take(known, in: scene)) == .waiting)
        // Somebody else's device, nobody's, and a contact who is blocked: also about what stands there.
        let foreign = IncomingOffer(
            id: known.id, offer: known.offer, device: SharingScene.device(of: scene.ann),
            label: known.label)
        let size = try scene.log().head().size
        #expect(try Self.take(foreign, in: scene) == .silence)
        let nobody = IncomingOffer(
            id: known.id, offer: Offer(from: scene.own, byteCount: 1, entryCount: 1),
            device: known.device, label: known.label)
        #expect(try Self.take(nobody, in: scene) == .silence)
        #expect(try scene.log().head().size == size)
        try scene.log().changeContacts { book in
            Result<AuditEntry, ContactBookError> { () throws(ContactBookError) in
                guard var bob = book.contacts[scene.bob.identity] else { throw .unknown }
                bob.block()
                try book.update(bob)
                return AuditEntry(.contactChanged, at: SharingScene.time, reason: "blocked")
            }
        }.get()
        #expect(try Self.take(known, in: scene) == .silence)
        try scene.store.tamper(
            "UPDATE contact SET chain = x'00' WHERE name = 'ann'")
        #expect(
            try Self.take(SharingScene.offer(2, from: scene.ann), in: scene) == .silence)
        #expect(try scene.open().inbox().count == 1)
    }

    @Test("wait sixteen of a contact and 256 in all, and refusals do not fill the log")
    func bounds() throws {
        let scene = try SharingScene()
        let log = try scene.log()
        for number in 0..<40 {
            let offer = try SharingScene.offer(number, from: scene.bob)
            let outcome = try Self.take(offer, in: scene)
            #expect((outcome == .refuse(.tooManyWaiting)) == (number >= 16))
        }
        #expect(try scene.open().inbox().count == 16)
        // Sixteen offers, and one word about all that were too many.
        #expect(try scene.entries().count == 17)
        // Others fill the inbox.
        var waiting = 16
        var byte: UInt8 = 100
        while waiting < OfferDecision.waitingInAll {
            let contact = try SharingScene.add("contact \(byte)", byte, .unverified, to: log)
            for number in 0..<16 where waiting < OfferDecision.waitingInAll {
                let offer = try SharingScene.offer(Int(byte) * 1_000 + number, from: contact)
                #expect(Self.state(try Self.take(offer, in: scene)) == .waiting)
                waiting += 1
            }
            byte += 1
        }
        let last = try SharingScene.offer(99_999, from: scene.eve)
        #expect(try Self.take(last, in: scene) == .refuse(.inboxFull))
    }

    @Test("are taken by a rule, counted for it at once, and given back when the user says no")
    func byRule() throws {
        let scene = try SharingScene()
        let rule = try scene.log().addRule(Self.rule(scene.bob, quota: 100)).get()
        func accepted() throws -> UInt64? { try scene.open().rules().value?.first?.accepted }
        let first = try SharingScene.offer(1, from: scene.bob, bytes: 60)
        let outcome = try Self.take(first, in: scene)
        #expect(Self.state(outcome) == .accepted)
        let stored = try #require(try scene.open().offer(first.id).value)
        #expect(stored.rule == rule.number && stored.destination == Array("/srv/in".utf8))
        #expect(try accepted() == 60)
        // Said again, it is not counted again.
        _ = try Self.take(first, in: scene)
        #expect(try accepted() == 60)
        let second = try SharingScene.offer(2, from: scene.bob, bytes: 41)
        #expect(Self.state(try Self.take(second, in: scene)) == .waiting)
        _ = try scene.log().decideOffer(first.id, .decline).get()
        #expect(try accepted() == 0)
        let third = try SharingScene.offer(3, from: scene.bob, bytes: 100)
        #expect(Self.state(try Self.take(third, in: scene)) == .accepted)
        #expect(try scene.entries().filter { $0.decision == .rule }.count == 2)
        // Nobody else's, and nothing after it was taken back.
        let others = try SharingScene.offer(4, from: scene.ann)
        #expect(Self.state(try Self.take(others, in: scene)) == .waiting)
        _ = try scene.log().removeRule(rule.number).get()
        #expect(try scene.log().removeRule(rule.number).refusal == .unknown)
        let again = try scene.log().addRule(Self.rule(scene.bob)).get()
        #expect(again.number > rule.number)
    }

    @Test("are taken by a rule sixteen at a time: what never comes does not pile up")
    func rulesPile() throws {
        let scene = try SharingScene()
        _ = try scene.log().addRule(Self.rule(scene.bob)).get()
        for number in 0..<20 {
            let offer = try SharingScene.offer(number, from: scene.bob, bytes: 1)
            let outcome = try Self.take(offer, in: scene)
            #expect((outcome == .refuse(.tooManyWaiting)) == (number >= 16))
        }
        #expect(try scene.open().rules().value?.first?.accepted == 16)
    }

    @Test("are taken by no rule of somebody unverified, nor by one that is over")
    func rules() throws {
        let scene = try SharingScene()
        #expect(try scene.log().addRule(Self.rule(scene.eve)).refusal == .notVerified)
        let end = SharingScene.time.adding(seconds: 100)
        let rule = try scene.log().addRule(Self.rule(scene.bob, expires: end)).get()
        #expect(rule.rule.expires == end)
        let offer = try SharingScene.offer(1, from: scene.bob)
        #expect(
            Self.state(try Self.take(offer, in: scene, time: end)) == .waiting)
        let relative = try #require(
            AcceptanceRule(from: scene.bob.identity, destination: "in", maximumByteCount: 1))
        #expect(try scene.log().addRule(relative).refusal == .destination)
    }

    @Test("are kept in bounds after they were answered; the log remembers all")
    func forgotten() throws {
        let scene = try SharingScene()
        let log = try scene.log()
        try log.store.write { database in
            for number in 0..<1_000 {
                try StoredOffer.insert(
                    SharingScene.offer(number, from: scene.bob), .declined, destination: nil,
                    rule: nil, quarantine: nil,
                    at: SharingScene.time.adding(seconds: Int64(number)), in: database)
            }
        }
        let newest = try SharingScene.offer(5_000, from: scene.bob)
        _ = try Self.take(newest, in: scene)
        _ = try log.decideOffer(newest.id, .decline).get()
        let kept = try scene.open().inbox([.declined])
        #expect(kept.count == StoredOffer.maximumSettledCount)
        #expect(kept.last?.incoming == newest)
    }

    @Test("of the user's own go from waiting to an end, once")
    func outgoing() throws {
        let scene = try SharingScene()
        func offer(_ byte: UInt8, to: IdentityID) throws -> OutgoingOffer {
            let id = try #require(OfferID([UInt8](repeating: byte, count: 16)))
            let label = try #require(OfferLabel(Array("takes".utf8)))
            return try #require(
                OutgoingOffer(
                    id: id, to: to, label: label,
                    paths: [Array("/srv/a".utf8), Array("/srv/b c".utf8) + [0xFF]],
                    created: SharingScene.time,
                    expires: SharingScene.time.adding(seconds: 60)))
        }
        let first = try offer(1, to: scene.bob.identity)
        try scene.log().offerOut(first).get()
        #expect(try scene.log().offerOut(first).refusal == .settled)
        #expect(try scene.log().offerOut(offer(2, to: scene.own)).refusal == .unknownContact)
        try scene.log().offerOut(offer(3, to: scene.ann.identity)).get()
        let store = try scene.open()
        #expect(store.outgoingOffer(first.id).value == first)
        #expect(store.outgoingOffers(to: scene.bob.identity).value == [first])
        #expect(store.outgoingOffers().value?.count == 2)
        let device = SharingScene.device(of: scene.bob)
        #expect(
            try scene.log().settleOut(first.id, .accepted, device: device).get().state == .accepted)
        #expect(try scene.log().settleOut(first.id, .accepted).refusal == .settled)
        _ = try scene.log().settleOut(first.id, .done, device: device).get()
        #expect(try scene.log().settleOut(first.id, .withdrawn).refusal == .settled)
        #expect(store.outgoingOffers(to: scene.bob.identity).value == [])
        #expect(
            try scene.entries().map(\.event) == [.offered, .offered, .accepted, .transferEnded])
        #expect(
            OutgoingOffer(
                id: first.id, to: first.to, label: first.label, paths: [Array("x".utf8)],
                created: first.created, expires: first.expires) == nil)
    }
}

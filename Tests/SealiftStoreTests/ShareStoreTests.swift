import Foundation
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("Shares in the store")
struct ShareStoreTests {
    private static let later = SharingScene.time.adding(seconds: 86_400)

    @Test("keep everything of a grant, for whoever opens the home next")
    func roundTrip() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        let paths = try ["weights", "read me/é"].map { try #require(GrantedPath($0)) }
        let grants = [
            Grant(
                share: share.id, member: scene.bob.identity, role: .admin, paths: .only(paths),
                expires: Self.later, quota: 1 << 40, approval: .awaited),
            Grant(share: share.id, member: scene.ann.identity, role: .editor, paths: .only([])),
            Grant(share: share.id, member: scene.eve.identity, role: .viewer),
        ]
        try scene.log().addShare(share, grants: grants).get()
        let store = try scene.open()
        #expect(try store.shares() == [share])
        #expect(store.share(share.id).value == share)
        #expect(store.share(named: "models").value == share)
        #expect(store.share(named: "Models").isAbsent)
        for grant in grants {
            #expect(store.grant(of: grant.member, in: share.id).value == grant)
            #expect(
                store.sharesVisible(to: grant.member).value
                    == [GrantedShare(share: share, grant: grant)])
        }
        #expect(Set(try store.members(of: share.id).map(\.grant)) == Set(grants))
        #expect(try store.memberCounts() == [share.id: 3])
        #expect(store.grant(of: scene.own, in: share.id).isAbsent)
        #expect(store.sharesVisible(to: scene.own).value == [])
        let entries = try scene.entries()
        #expect(entries.map(\.event) == [.shareChanged, .granted, .granted, .granted])
        #expect(entries.map(\.reason) == ["share_added", "admin", "editor", "viewer"])
        #expect(
            entries[1].subject
                == Array("bob\0\(scene.bob.identity.value.hexadecimal)\0models".utf8))
        #expect(try scene.store.finding() == nil)
    }

    @Test("never have names that are the same, or look the same")
    func names() throws {
        let scene = try SharingScene()
        try scene.log().addShare(SharingScene.share(1, "model")).get()
        #expect(
            try scene.log().addShare(SharingScene.share(2, "model")).refusal == .nameTaken)
        #expect(
            try scene.log().addShare(SharingScene.share(2, "m0del")).refusal
                == .looksLike(try ShareName("model")))
        #expect(throws: ContactNameError.self) { try ShareName("a/b") }
        #expect(throws: ContactNameError.self) { try ShareName("a\u{1B}[2J") }
        try scene.log().removeShare(SharingScene.id(1)).get()
        try scene.log().addShare(SharingScene.share(2, "m0del")).get()
        #expect(try scene.log().removeShare(SharingScene.id(1)).refusal == .unknownShare)
    }

    @Test("are made with all of their members, or not at all")
    func together() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        let good = Grant(share: share.id, member: scene.bob.identity, role: .viewer)
        let bad = Grant(share: share.id, member: scene.eve.identity, role: .editor)
        #expect(try scene.log().addShare(share, grants: [good, bad]).refusal == .notVerified)
        #expect(try scene.open().shares() == [])
        #expect(try scene.open().grant(of: scene.bob.identity, in: share.id).isAbsent)
        #expect(try scene.entries() == [])
    }

    @Test("are for contacts only, above a viewer's role for verified ones, and never for an owner")
    func whoMay() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        try scene.log().addShare(share).get()
        func refusal(_ member: IdentityID, _ role: Role) throws -> ShareRefusal? {
            try scene.log().grant(Grant(share: share.id, member: member, role: role)).refusal
        }
        let stranger = IdentityID(Hash256([UInt8](repeating: 9, count: 32)) ?? LogHash.empty)
        #expect(try refusal(stranger, .viewer) == .unknownContact)
        for role in [Role.editor, .admin] {
            #expect(try refusal(scene.eve.identity, role) == .notVerified)
        }
        #expect(try refusal(scene.eve.identity, .viewer) == nil)
        #expect(try refusal(scene.bob.identity, .owner) == .owner)
        #expect(try refusal(scene.own, .admin) == .owner)
        #expect(try scene.log().revoke(scene.own, in: share.id).refusal == .owner)
        #expect(
            try scene.log().revoke(scene.bob.identity, in: share.id).refusal == .notMember)
        #expect(
            try scene.log().revoke(scene.bob.identity, in: SharingScene.id(1)).refusal
                == .unknownShare)
    }

    @Test("let an admin bring in and remove viewers and editors, and no more than he has himself")
    func admins() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        let weights = try #require(GrantedPath("weights"))
        let deep = try #require(GrantedPath("weights/1"))
        func grant(
            _ contact: Contact, _ role: Role, paths: PathSubset, quota: UInt64? = 100,
            expires: WallTime? = ShareStoreTests.later
        ) -> Grant {
            Grant(
                share: share.id, member: contact.identity, role: role, paths: paths,
                expires: expires, quota: quota)
        }
        try scene.log().addShare(
            share, grants: [grant(scene.bob, .admin, paths: .only([weights]))]
        ).get()
        func bob(_ time: WallTime = SharingScene.time) -> ShareAuthor {
            .member(
                scene.bob.identity, device: SharingScene.device(of: scene.bob), time: time)
        }
        func refusal(_ grant: Grant, by author: ShareAuthor) throws -> ShareRefusal? {
            try scene.log().grant(grant, by: author).refusal
        }
        // More than he has: another path, a later end or none, more bytes or any number.
        for grant in [
            grant(scene.ann, .viewer, paths: .everything),
            grant(scene.ann, .viewer, paths: .only([weights]), expires: nil),
            grant(
                scene.ann, .viewer, paths: .only([deep]), expires: Self.later.adding(seconds: 1)),
            grant(scene.ann, .viewer, paths: .only([deep]), quota: nil),
            grant(scene.ann, .viewer, paths: .only([deep]), quota: 101),
        ] {
            #expect(try refusal(grant, by: bob()) == .beyondOwnGrant)
        }
        let fair = grant(scene.ann, .editor, paths: .only([deep]))
        #expect(
            try refusal(grant(scene.ann, .admin, paths: .only([deep])), by: bob())
                == .denied(.role))
        #expect(
            try refusal(grant(scene.bob, .editor, paths: .only([weights])), by: bob())
                == .denied(.role))
        #expect(try refusal(fair, by: bob(Self.later)) == .denied(.expired))
        let strange = ShareAuthor.member(
            scene.bob.identity, device: SharingScene.device(of: scene.ann),
            time: SharingScene.time)
        #expect(try refusal(fair, by: strange) == .denied(.notAdmitted))
        #expect(try refusal(fair, by: bob()) == nil)
        #expect(try scene.entries().last?.peer == SharingScene.device(of: scene.bob))
        // The one he brought in is an editor, and brings in nobody.
        let ann = ShareAuthor.member(
            scene.ann.identity, device: SharingScene.device(of: scene.ann),
            time: SharingScene.time)
        #expect(
            try refusal(grant(scene.eve, .viewer, paths: .only([deep])), by: ann)
                == .denied(.role))
        #expect(
            try scene.log().revoke(scene.bob.identity, in: share.id, by: ann).refusal
                == .denied(.role))
        #expect(try scene.log().revoke(scene.own, in: share.id, by: bob()).refusal == .owner)
        try scene.log().revoke(scene.ann.identity, in: share.id, by: bob()).get()
        // Leaving is for everybody.
        try scene.log().revoke(scene.bob.identity, in: share.id, by: bob()).get()
        #expect(try scene.entries().suffix(2).map(\.reason) == ["revoked", "left"])
        #expect(try scene.open().memberCounts() == [:])
    }

    @Test("take a second person's yes, and nobody's own")
    func approval() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        try scene.log().addShare(
            share,
            grants: [
                Grant(
                    share: share.id, member: scene.ann.identity, role: .viewer,
                    approval: .awaited),
                Grant(share: share.id, member: scene.bob.identity, role: .admin),
            ]
        ).get()
        func author(_ contact: Contact) -> ShareAuthor {
            .member(
                contact.identity, device: SharingScene.device(of: contact),
                time: SharingScene.time)
        }
        #expect(
            try scene.log().approve(
                scene.ann.identity, in: share.id, by: scene.ann.identity, as: author(scene.ann)
            ).refusal == .denied(.role))
        let approved = try scene.log().approve(
            scene.ann.identity, in: share.id, by: scene.bob.identity, as: author(scene.bob)
        ).get()
        #expect(approved.approval == .given(by: scene.bob.identity))
        #expect(
            try scene.open().grant(of: scene.ann.identity, in: share.id).value == approved)
        #expect(
            try scene.log().approve(scene.ann.identity, in: share.id, by: scene.own).refusal
                == .noApprovalAwaited)
    }

    @Test("count what a member moves, over sessions, grants and revocations, past the quota too")
    func quota() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        let bob = scene.bob.identity
        func grant(_ quota: UInt64?) throws {
            try scene.log().grant(
                Grant(share: share.id, member: bob, role: .viewer, quota: quota)
            ).get()
        }
        try scene.log().addShare(share).get()
        try grant(100)
        #expect(try scene.log().noteMoved(60, by: bob, in: share.id) == 60)
        // What moved did move, also past the quota: nothing more is allowed then.
        #expect(try scene.log().noteMoved(41, by: bob, in: share.id) == 101)
        try scene.log().revoke(bob, in: share.id).get()
        try grant(120)
        #expect(try scene.open().movedBytes(by: bob, in: share.id).value == 101)
        #expect(try scene.log().noteMoved(1 << 62, by: bob, in: share.id) == 1 << 62 + 101)
        #expect(try scene.open().members(of: share.id).map(\.movedBytes) == [1 << 62 + 101])
        // No count wraps, and none becomes the value that stands for no limit.
        #expect(try scene.log().noteMoved(.max, by: bob, in: share.id) == UInt64(Int64.max) - 1)
        #expect(try scene.open().movedBytes(by: scene.ann.identity, in: share.id).value == 0)
        // With the share everything of it goes.
        try scene.log().removeShare(share.id).get()
        #expect(try scene.open().movedBytes(by: bob, in: share.id).value == 0)
        #expect(try scene.open().grant(of: bob, in: share.id).isAbsent)
    }

    @Test("leave nothing to a contact who is removed: added again, they begin with nothing")
    func removedContact() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        try scene.log().addShare(
            share, grants: [Grant(share: share.id, member: scene.bob.identity, role: .admin)]
        ).get()
        let rule = try #require(
            AcceptanceRule(
                from: scene.bob.identity, destination: "/srv/in", maximumByteCount: 100))
        _ = try scene.log().addRule(rule).get()
        try scene.log().changeContacts { book in
            _ = book.remove(scene.bob.identity)
            return Result<AuditEntry, Never>.success(
                AuditEntry(.contactChanged, at: SharingScene.time, reason: "removed"))
        }.get()
        _ = try SharingScene.add("bob", 2, .verified(.code), to: scene.log())
        #expect(try scene.open().grant(of: scene.bob.identity, in: share.id).isAbsent)
        #expect(try scene.open().rules().value == [])
    }

    @Test("do what a plain model of them does, over hundreds of random changes", arguments: [1, 2])
    func model(seed: UInt64) throws {
        let scene = try SharingScene()
        var generator = SeededGenerator(seed: seed)
        var model: [ShareID: [IdentityID: Grant]] = [:]
        let people = [scene.bob, scene.ann, scene.eve]
        for step in 0..<150 {
            // Handles that stay open, and others: all of them see the same.
            let log = try scene.log()
            let number = UInt8.random(in: 1...4, using: &generator)
            let id = try SharingScene.id(number)
            let person = people[Int.random(in: 0..<3, using: &generator)].identity
            switch UInt8.random(in: 0..<8, using: &generator) {
            case 0:
                let refusal = try log.addShare(SharingScene.share(number, "share \(number)"))
                    .refusal
                #expect((refusal == nil) == (model[id] == nil), "step \(step)")
                if model[id] == nil { model[id] = [:] }
            case 1:
                let refusal = try log.removeShare(id).refusal
                #expect((refusal == nil) == (model[id] != nil), "step \(step)")
                model[id] = nil
            case 2, 3:
                let refusal = try log.revoke(person, in: id).refusal
                #expect((refusal == nil) == (model[id]?[person] != nil), "step \(step)")
                model[id]?[person] = nil
            default:
                let role = Role.allCases[Int.random(in: 0..<4, using: &generator)]
                let grant = Grant(
                    share: id, member: person, role: role,
                    quota: Bool.random(using: &generator) ? UInt64(step) : nil)
                let mayBe =
                    model[id] != nil && role < .owner
                    && (role == .viewer || person != scene.eve.identity)
                #expect((try log.grant(grant).refusal == nil) == mayBe, "step \(step)")
                if mayBe { model[id]?[person] = grant }
            }
            let store = try scene.open()
            #expect(Set(try store.shares().map(\.id)) == Set(model.keys))
            for person in people.map(\.identity) {
                let visible = store.sharesVisible(to: person).value?.map(\.grant)
                #expect(
                    Set(visible ?? []) == Set(model.values.compactMap { $0[person] }),
                    "step \(step)")
            }
        }
        #expect(try scene.store.finding() == nil)
    }
}

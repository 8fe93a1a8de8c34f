import Foundation
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

@Suite("What members ask of the store")
struct MemberRequestStoreTests {
    @Test("let an admin open by his yes no more than he has himself, and nobody who waits himself")
    func approvalWithinOwn() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        let weights = try #require(GrantedPath("weights"))
        func grant(_ contact: Contact, _ role: Role, _ paths: PathSubset, _ awaited: Bool) -> Grant
        {
            Grant(
                share: share.id, member: contact.identity, role: role, paths: paths,
                approval: awaited ? .awaited : .notNeeded)
        }
        func approve(_ contact: Contact) throws -> ShareRefusal? {
            try scene.log().approve(
                contact.identity, in: share.id, by: scene.bob.identity,
                as: .member(
                    scene.bob.identity, device: SharingScene.device(of: scene.bob),
                    time: SharingScene.time)
            ).refusal
        }
        try scene.log().addShare(
            share,
            grants: [
                grant(scene.bob, .admin, .only([weights]), false),
                grant(scene.ann, .viewer, .everything, true),
                grant(scene.eve, .viewer, .only([weights]), true),
            ]
        ).get()
        #expect(try approve(scene.ann) == .beyondOwnGrant)
        #expect(
            try scene.open().grant(of: scene.ann.identity, in: share.id).value?.approval == .awaited
        )
        try scene.log().grant(grant(scene.bob, .admin, .everything, true)).get()
        #expect(try approve(scene.ann) == .denied(.approvalAwaited))
        try scene.log().grant(grant(scene.bob, .admin, .everything, false)).get()
        #expect(try approve(scene.ann) == nil)
        #expect(try approve(scene.eve) == nil)
        #expect(try approve(scene.bob) == .denied(.role))
    }

    @Test("tell who governs nobody nothing of members and contacts, and log what was refused, once")
    func nothingLearned() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        try scene.log().addShare(
            share,
            grants: [
                Grant(share: share.id, member: scene.eve.identity, role: .viewer),
                Grant(share: share.id, member: scene.ann.identity, role: .editor),
            ]
        ).get()
        let stranger = IdentityID(Hash256([UInt8](repeating: 9, count: 32)) ?? LogHash.empty)
        let people = [scene.bob.identity, scene.ann.identity, scene.own, stranger]
        func author(_ contact: Contact) -> ShareAuthor {
            .member(
                contact.identity, device: SharingScene.device(of: contact), time: SharingScene.time)
        }
        // Whoever is named, whether a member, a contact, the owner or nobody: the same answer.
        for asker in [scene.eve, scene.ann] {
            for person in people where person != asker.identity {
                let by = author(asker)
                let grant = Grant(share: share.id, member: person, role: .viewer)
                #expect(try scene.log().grant(grant, by: by).refusal == .denied(.role))
                #expect(
                    try scene.log().revoke(person, in: share.id, by: by).refusal
                        == .denied(.role))
                #expect(
                    try scene.log().approve(person, in: share.id, by: asker.identity, as: by)
                        .refusal == .denied(.role))
            }
        }
        for person in people {
            let grant = Grant(share: share.id, member: person, role: .viewer)
            #expect(
                try scene.log().grant(grant, by: author(scene.bob)).refusal == .denied(.noGrant))
            #expect(
                try scene.log().revoke(person, in: share.id, by: author(scene.bob)).refusal
                    == .denied(.noGrant))
        }
        let refused = try scene.entries().filter { $0.result == .refused }
        // Two wishes of each of three devices; approving is granting.
        #expect(refused.count == 6, "\(refused.map(\.reason))")
        #expect(Set(refused.map(\.event)) == [.granted, .revoked])
        #expect(Set(refused.map(\.reason)) == ["denied_role", "denied_no_grant"])
        #expect(
            Set(refused.compactMap(\.peer))
                == Set([scene.eve, scene.ann, scene.bob].map(SharingScene.device(of:))))
        #expect(try scene.open().memberCounts() == [share.id: 2])
        #expect(try scene.store.finding() == nil)
    }

    @Test("log what a member puts into them with the grant that lets it in, and denials once")
    func uploads() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        try scene.log().addShare(share).get()
        let upload = IncomingUpload(
            id: try #require(OfferID([UInt8](repeating: 3, count: 16))),
            member: scene.bob.identity, device: SharingScene.device(of: scene.bob),
            label: try #require(OfferLabel(Array("run 12".utf8))), byteCount: 99, share: share.id,
            shareName: share.name.text)
        try scene.log().noteUpload(upload)
        for _ in 0..<3 { try scene.log().noteRefusal(of: upload, .role) }
        try scene.log().noteRefusal(of: upload, .quota)
        let entries = try scene.entries().dropFirst()
        #expect(entries.map(\.event) == [.accepted, .transferDenied, .transferDenied])
        #expect(
            entries.map(\.reason) == ["share_\(share.id)", "upload_role", "upload_quota"])
        #expect(entries.map(\.decision) == [.share, .none, .none])
        #expect(
            entries.first?.subject
                == Array("bob\0\(scene.bob.identity.value.hexadecimal)\0run 12\099\0models".utf8))
        #expect(entries.allSatisfy { $0.peer == upload.device && $0.direction == .received })
        #expect(try scene.store.finding() == nil)
    }
}

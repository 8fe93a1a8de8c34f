import Foundation
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@testable import SealiftStore

/// A database whose rows are not what was written: by a disk, by a program, by somebody with an editor.
@Suite("Damaged records of sharing")
struct DamagedSharingTests {
    /// A table without the types and checks of the schema, so that anything fits into it.
    private static func loosen(_ table: String, in store: TemporaryStore) throws {
        try store.tamper("CREATE TABLE loose AS SELECT * FROM \(table)")
        try store.tamper("DROP TABLE \(table)")
        try store.tamper("ALTER TABLE loose RENAME TO \(table)")
    }

    /// Values that no column expects.
    private static let strange = [
        "NULL", "-1", "0", "9", "9223372036854775807", "3.5", "'text'", "''", "x''", "x'00'",
        "zeroblob(16)", "zeroblob(32)", "zeroblob(33)", "x'2e2e2f'", "zeroblob(5000000)",
        "'\u{FFFD}'",
    ]

    @Test(
        "open nothing and end nothing: a grant with any value in any place",
        arguments: [
            "role", "paths", "expires", "quota", "approval", "approver", "member", "share",
        ])
    func grants(column: String) throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        let bob = scene.bob.identity
        let end = SharingScene.time.adding(seconds: -1)
        // A grant that opens nothing: it is over, for nothing of it, and waits.
        let grant = Grant(
            share: share.id, member: bob, role: .viewer, paths: .only([]), expires: end, quota: 0,
            approval: .awaited)
        try scene.log().addShare(share, grants: [grant]).get()
        try Self.loosen("membership", in: scene.store)
        for value in Self.strange {
            try scene.store.tamper("UPDATE membership SET \(column) = \(value)")
            let store = try scene.open()
            let found = store.grant(of: bob, in: share.id)
            for verb in [Verb.browse, .download, .upload, .listMembers, .addMember(.viewer)] {
                let decision = AccessDecision.judge(
                    AccessRequest(
                        share: share.id, identity: bob,
                        device: SharingScene.device(of: scene.bob), verb: verb,
                        path: GrantedPath("weights"), byteCount: 1),
                    contact: .found(scene.bob), grant: found,
                    movedBytes: store.movedBytes(by: bob, in: share.id), time: SharingScene.time)
                #expect(decision != .allowed, "\(column) = \(value), \(verb)")
            }
            // No trap, and no list with something else in it.
            _ = store.sharesVisible(to: bob)
            _ = try? store.members(of: share.id)
        }
    }

    @Test("are failed look-ups: shares, counts, rules and offers with any value in any place")
    func others() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        let bob = scene.bob.identity
        try scene.log().addShare(
            share, grants: [Grant(share: share.id, member: bob, role: .viewer, quota: 10)]
        ).get()
        _ = try scene.log().noteMoved(3, by: bob, in: share.id)
        let rule = try #require(
            AcceptanceRule(from: bob, destination: "/srv/in", maximumByteCount: 100, quota: 100))
        _ = try scene.log().addRule(rule).get()
        let offer = try SharingScene.offer(1, from: scene.bob)
        _ = try scene.log().addOffer(offer, time: SharingScene.time)
        let columns = [
            "share": ["name", "path", "created"], "moved": ["bytes"],
            "rule": [
                "destination", "maximum", "quota", "accepted", "expires", "number", "quarantine",
            ],
            "offer": [
                "sender", "device", "label", "bytes", "entries", "listing", "state", "destination",
                "quarantine", "held",
            ],
        ]
        for (table, columns) in columns.sorted(by: { $0.key < $1.key }) {
            try Self.loosen(table, in: scene.store)
            for column in columns {
                try scene.store.tamper("CREATE TABLE before AS SELECT * FROM \(table)")
                for value in Self.strange {
                    try scene.store.tamper("UPDATE \(table) SET \(column) = \(value)")
                    let store = try scene.open()
                    // Whatever is found is what may be there; a name in disguise is none.
                    if let name = store.share(share.id).value?.name.text {
                        #expect((try? ShareName(name)) != nil)
                    }
                    if let path = store.share(share.id).value?.path {
                        #expect(path.first == UInt8(ascii: "/") && !path.contains(0))
                    }
                    if let moved = store.movedBytes(by: bob, in: share.id).value {
                        #expect(moved < 1 << 63)
                    }
                    for found in store.rules().value ?? [] {
                        #expect(found.rule.destination.hasPrefix("/"))
                    }
                    for found in (try? store.inbox(Set(StoredOffer.State.allCases))) ?? [] {
                        #expect(found.state != .accepted || found.destination != nil)
                        #expect(!found.state.isInQuarantine || found.quarantine != nil)
                    }
                    _ = store.offer(offer.id)
                    _ = store.sharesVisible(to: bob)
                }
                try scene.store.tamper("DELETE FROM \(table)")
                try scene.store.tamper("INSERT INTO \(table) SELECT * FROM before")
                try scene.store.tamper("DROP TABLE before")
            }
        }
    }

    @Test("of rules take nothing: the offer is refused, not waved through")
    func rules() throws {
        let scene = try SharingScene()
        let rule = try #require(
            AcceptanceRule(
                from: scene.bob.identity, destination: "/srv/in", maximumByteCount: 100))
        _ = try scene.log().addRule(rule).get()
        try Self.loosen("rule", in: scene.store)
        try scene.store.tamper("UPDATE rule SET quota = NULL")
        #expect(try scene.open().rules().isFailed)
        let outcome = try scene.log().addOffer(
            SharingScene.offer(1, from: scene.bob), time: SharingScene.time)
        #expect(outcome == .refuse(.lookupFailed))
        #expect(try scene.open().inbox() == [])
    }

    @Test("are failed look-ups where the whole table is gone, or the disk fails")
    func gone() throws {
        let scene = try SharingScene()
        let share = try SharingScene.id(7)
        let store = try scene.open()
        try scene.store.tamper("DROP TABLE moved")
        try scene.store.tamper("DROP TABLE membership")
        try scene.store.tamper("DROP TABLE share")
        #expect(store.share(share).isFailed)
        #expect(store.share(named: "models").isFailed)
        #expect(store.grant(of: scene.bob.identity, in: share).isFailed)
        #expect(store.movedBytes(by: scene.bob.identity, in: share).isFailed)
        #expect(store.sharesVisible(to: scene.bob.identity).isFailed)
        #expect(throws: StoreFailure.self) { try store.shares() }
    }

    @Test("of a grant can still be ended by the owner")
    func revocable() throws {
        let scene = try SharingScene()
        let share = try SharingScene.share(7, "models")
        let bob = scene.bob.identity
        try scene.log().addShare(
            share, grants: [Grant(share: share.id, member: bob, role: .viewer)]
        ).get()
        try Self.loosen("membership", in: scene.store)
        try scene.store.tamper("UPDATE membership SET role = 'everything'")
        #expect(try scene.open().grant(of: bob, in: share.id).isFailed)
        try scene.log().revoke(bob, in: share.id).get()
        #expect(try scene.open().grant(of: bob, in: share.id).isAbsent)
    }
}

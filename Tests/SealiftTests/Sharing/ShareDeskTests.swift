import Foundation
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTestSupport
import Testing

@testable import Sealift

@Suite("What members ask of a share")
struct ShareDeskTests {
    /// A home that shares a folder, with contacts in every role, and one contact of no grant.
    private struct Scene {
        let folder = TemporaryFolder()
        let share: ShareID
        let desk: ShareDesk
        private(set) var askers: [String: ShareDesk.Asker] = [:]

        static let people = ["viewer", "editor", "admin", "second", "none"]

        init(quota: UInt64? = nil, paths: [String]? = nil) throws {
            let home = Array((folder.url.path + "/home").utf8)
            _ = try beginIdentity(newRecoveryWords(), home: home, passphrase: nil)
            let access = try ContactAccess(home: home, passphrase: .none)
            desk = ShareDesk(access: access)
            for (index, name) in (Self.people + ["stranger"]).enumerated() {
                askers[name] = try Self.add(
                    name, UInt8(index + 2), name == "stranger" ? .unverified : .verified(.code),
                    to: access.log)
            }
            let root = folder.url.path + "/data"
            try FileManager.default.createDirectory(
                atPath: root + "/weights", withIntermediateDirectories: true)
            var entropy = SealiftCrypto.SystemEntropy()
            let (id, name) = (ShareID(entropy: &entropy), try ShareName("data"))
            let stored = try #require(
                StoredShare(
                    id: id, name: name, path: Array(root.utf8), created: SystemWallClock.now()))
            share = stored.id
            let subset = try paths.map {
                PathSubset.only(try $0.map { try #require(GrantedPath($0)) })
            }
            var grants: [Grant] = []
            for (name, role) in [
                ("viewer", Role.viewer), ("editor", .editor), ("admin", .admin), ("second", .admin),
            ] {
                grants.append(
                    Grant(
                        share: share, member: try #require(askers[name]).contact.identity,
                        role: role, paths: subset ?? .everything, quota: quota))
            }
            try access.log.addShare(stored, grants: grants).get()
        }

        func asker(_ name: String) throws -> ShareDesk.Asker { try #require(askers[name]) }
        func identity(_ name: String) throws -> IdentityID { try asker(name).contact.identity }

        /// The refusal of a request; nil where it is carried out.
        func refusal(_ request: ContactRequest, of name: String) throws -> ContactRefusal? {
            let asker = try asker(name)
            let judged = try #require(desk.judge(request, of: asker))
            guard case .answers(let answers) = judged.0 else { return nil }
            if case .refused(let reason)? = answers.first { return reason }
            return nil
        }

        func upload(
            _ name: String, into path: String? = nil, bytes: UInt64 = 10, reserved: UInt64 = 0
        ) throws -> ContactRefusal? {
            let offer = try #require(
                PushOffer(
                    id: [UInt8](repeating: 1, count: 16), byteCount: bytes, entryCount: 1,
                    label: Array("a".utf8), ticket: [1]))
            let id = try #require(OfferID(offer.id))
            let label = try #require(OfferLabel(offer.label))
            let outcome = desk.judge(
                upload: offer, named: (id, label),
                into: try path.map { try #require(GrantedPath($0)) }, of: share,
                for: try asker(name), reserved: reserved
            ).0
            if case .refused(let reason) = outcome { return reason }
            return nil
        }

        private static func add(
            _ name: String, _ byte: UInt8, _ verification: Contact.Verification, to log: AuditLog
        ) throws -> ShareDesk.Asker {
            var entropy = SeededEntropy(seed: UInt64(byte))
            let seed = SecretBytes(copying: [UInt8](repeating: byte, count: 32))
            let root = try #require(HybridSigningKey(seed: seed))
            let device = DeviceKeyPair.generate(entropy: &entropy)
            let author = try ChainAuthor(
                beginning: root, with: device, time: WallTime(secondsSince1970: 1_795_000_000))
            let contact = Contact(
                name: try ContactName(name), devices: author.view, verification: verification)
            try log.changeContacts(chain: author.chain) { book in
                Result<AuditEntry, ContactBookError> { () throws(ContactBookError) in
                    try book.add(contact)
                    return AuditEntry(
                        .contactChanged, at: SystemWallClock.now(), reason: "added")
                }
            }.get()
            return ShareDesk.Asker(contact: contact, device: device.publicKeys.id)
        }
    }

    private static func wish(
        _ role: Role? = nil, quota: UInt64? = nil, lifetime: UInt64? = nil,
        paths: [String]? = nil, needsApproval: Bool = false
    ) throws -> GrantWish {
        let granted = try paths.map { try Self.paths($0) }
        return try #require(
            GrantWish(
                role: role, paths: granted, lifetime: lifetime, quota: quota,
                needsApproval: needsApproval))
    }

    private static func paths(_ texts: [String]) throws -> [GrantedPath] {
        try texts.map { try #require(GrantedPath($0)) }
    }

    @Test("is judged by the role, for every role and everything that can be asked")
    func table() throws {
        // Nobody's grant is changed by what is refused, so that one scene serves for all of it.
        let scene = try Scene()
        defer { scene.folder.remove() }
        let share = scene.share
        let viewer = try scene.identity("viewer")
        let unknown = try #require(ShareID([UInt8](repeating: 9, count: 16)))
        let wish = try Self.wish(.viewer)
        let asked: [(String, (ShareID) -> ContactRequest)] = [
            ("members", { .members($0) }), ("grant", { .grant($0, viewer, wish) }),
            ("approve", { .approve($0, viewer) }), ("remove", { .remove($0, viewer) }),
        ]
        for (word, request) in asked {
            // The viewer who names himself is refused as anybody else would be, but for leaving.
            for name in ["editor", "viewer"] where !(name == "viewer" && word == "remove") {
                #expect(try scene.refusal(request(share), of: name) == .role, "\(name) \(word)")
            }
            // Who has no grant, and whoever asks for a share that is none, hear the same.
            for name in ["none", "stranger"] {
                #expect(try scene.refusal(request(share), of: name) == .notThere, "\(name) \(word)")
            }
            #expect(try scene.refusal(request(unknown), of: "admin") == .notThere, "\(word)")
        }
        #expect(try scene.refusal(.members(share), of: "admin") == nil)
        #expect(try scene.refusal(.grant(share, viewer, wish), of: "admin") == nil)
        #expect(try scene.refusal(.approve(share, viewer), of: "admin") == .noApprovalAwaited)
        for name in Scene.people where name != "none" {
            let expected: ContactRefusal? = name == "viewer" ? .role : nil
            #expect(try scene.upload(name) == expected, "\(name)")
        }
        #expect(try scene.upload("none") == .notThere)
        #expect(try scene.upload("stranger") == .notThere)
        // The owner and other admins are nobody's to touch, by whatever verb.
        let own = scene.desk.access.own.id
        for person in [own, try scene.identity("second")] {
            for request: ContactRequest in [
                .remove(share, person), .grant(share, person, wish),
                .grant(share, person, try Self.wish(.editor, quota: 1)),
            ] {
                #expect(try scene.refusal(request, of: "admin") == .role)
            }
        }
        let none = try scene.identity("none")
        #expect(
            try scene.refusal(.grant(share, none, try Self.wish(.admin)), of: "admin") == .role)
        #expect(
            try scene.refusal(
                .grant(share, try scene.identity("stranger"), try Self.wish(.editor)), of: "admin")
                == .memberNotVerified)
        #expect(try scene.refusal(.remove(share, none), of: "admin") == .notMember)
        let nobody = IdentityID(try #require(Hash256([UInt8](repeating: 9, count: 32))))
        #expect(try scene.refusal(.grant(share, nobody, wish), of: "admin") == .unknownContact)
        // Leaving is everybody's, and ends what one had.
        for name in Scene.people where name != "none" {
            #expect(try scene.refusal(.leave(share), of: name) == nil, "\(name)")
            #expect(try scene.refusal(.leave(share), of: name) == .notThere, "\(name)")
        }
        #expect(try scene.desk.access.store.members(of: share).isEmpty)
    }

    @Test("lets an admin give, change and approve within his own, and what he has is shown to him")
    func admin() throws {
        let scene = try Scene(quota: 1_000, paths: ["weights"])
        defer { scene.folder.remove() }
        let (share, none) = (scene.share, try scene.identity("none"))
        func grant(_ wish: GrantWish) throws -> ContactRefusal? {
            try scene.refusal(.grant(share, none, wish), of: "admin")
        }
        for beyond in [
            try Self.wish(.viewer), try Self.wish(.viewer, quota: 1_000),
            try Self.wish(.viewer, quota: 1_001, paths: ["weights"]),
            try Self.wish(.viewer, quota: 10, paths: ["weights", "private"]),
        ] {
            #expect(try grant(beyond) == .beyondOwnGrant)
        }
        #expect(try grant(try Self.wish(.editor, quota: 500, paths: ["weights/1"])) == nil)
        let given = try #require(scene.desk.access.store.grant(of: none, in: share).value)
        #expect(given.role == .editor && given.quota == 500)
        // A change leaves what is not said, and does not widen.
        #expect(
            try grant(try Self.wish(lifetime: 3_600, needsApproval: true)) == nil)
        let changed = try #require(scene.desk.access.store.grant(of: none, in: share).value)
        #expect(
            changed.role == .editor && changed.quota == 500 && changed.paths == given.paths
                && changed.expires != nil && changed.approval == .awaited)
        #expect(try grant(try Self.wish(quota: 2_000)) == .beyondOwnGrant)
        #expect(try grant(try Self.wish(paths: ["private"])) == .beyondOwnGrant)
        // No grant takes away that a yes is awaited; an approval does.
        #expect(try grant(try Self.wish(quota: 400)) == nil)
        #expect(scene.desk.access.store.grant(of: none, in: share).value?.approval == .awaited)
        #expect(try scene.refusal(.approve(share, none), of: "admin") == nil)
        let asker = try scene.asker("admin")
        let answers = try #require(scene.desk.judge(.members(share), of: asker))
        guard case .answers(let pages) = answers.0 else { return }
        let members = pages.flatMap { page -> [VisibleMember] in
            if case .members(let members, _) = page { members } else { [] }
        }
        #expect(members.count == 5)
        let shown = try #require(members.first { $0.identity == none })
        let admin = try scene.identity("admin")
        #expect(shown.quota == 400 && shown.approval == .given(by: admin))
        // Each change is in the log, with the device of the admin.
        let device = try scene.asker("admin").device
        var reasons: [String] = []
        try scene.desk.access.log.forEachEntry { _, entry in
            if let entry = try? entry.get(), entry.peer == device, entry.result == .none {
                reasons.append(entry.reason)
            }
            return true
        }
        #expect(reasons == ["editor", "editor", "editor", "approved"])
    }

    @Test("lets in what fits the role, the part and the quota, counting what is on its way")
    func uploads() throws {
        let scene = try Scene(quota: 100, paths: ["weights"])
        defer { scene.folder.remove() }
        #expect(try scene.upload("editor") == .notThere)
        #expect(try scene.upload("editor", into: "private") == .notThere)
        #expect(try scene.upload("editor", into: "weightsx") == .notThere)
        #expect(try scene.upload("editor", into: "weights") == nil)
        #expect(try scene.upload("editor", into: "weights/deep/er") == nil)
        #expect(try scene.upload("viewer", into: "weights") == .role)
        #expect(try scene.upload("editor", into: "weights", bytes: 100) == nil)
        #expect(try scene.upload("editor", into: "weights", bytes: 101) == .quota)
        #expect(try scene.upload("editor", into: "weights", bytes: 60, reserved: 40) == nil)
        #expect(try scene.upload("editor", into: "weights", bytes: 60, reserved: 41) == .quota)
        #expect(try scene.upload("editor", into: "weights", bytes: .max, reserved: .max) == .quota)
        // Both ways count.
        _ = try scene.desk.access.log.noteMoved(
            50, by: scene.identity("editor"), in: scene.share)
        #expect(try scene.upload("editor", into: "weights", bytes: 51) == .quota)
        #expect(try scene.upload("editor", into: "weights", bytes: 50) == nil)
        var denied: [String] = []
        try scene.desk.access.log.forEachEntry { _, entry in
            if let entry = try? entry.get(), entry.event == .transferDenied {
                denied.append(entry.reason)
            }
            return true
        }
        #expect(denied == ["upload_path", "upload_role", "upload_quota"])
    }
}

extension Lookup {
    fileprivate var value: Value? { if case .found(let value) = self { value } else { nil } }
}

import Foundation
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTestSupport
import SealiftTransfer
import SealiftTransport
import Testing

@testable import Sealift

/// What the commands about shares, rules and offers do, over a home of its own.
@Suite("Sharing, as the user does it")
struct SharingActionsTests {
    /// A home with an identity, a verified contact bob, and eve, who is not verified.
    private struct Scene {
        let folder = TemporaryFolder()
        let home: [UInt8]

        init() throws {
            home = Array((folder.url.path + "/home").utf8)
            _ = try beginIdentity(newRecoveryWords(), home: home, passphrase: nil)
            try add("bob", 2, .verified(.code))
            try add("eve", 3, .unverified)
            try FileManager.default.createDirectory(
                atPath: path("data/weights"), withIntermediateDirectories: true)
        }

        func path(_ name: String) -> String { folder.url.path + "/" + name }
        func bytes(_ name: String) -> [UInt8] { Array(path(name).utf8) }

        func log() throws -> AuditLog { try StateHome(home).log() }

        func contact(_ name: String) throws -> Contact {
            try #require(try StateHome(home).store().contacts().contact(named: name))
        }

        private func add(
            _ name: String, _ byte: UInt8, _ verification: Contact.Verification
        ) throws {
            var entropy = SeededEntropy(seed: UInt64(byte))
            let seed = SecretBytes(copying: [UInt8](repeating: byte, count: 32))
            let root = try #require(HybridSigningKey(seed: seed))
            let author = try ChainAuthor(
                beginning: root, with: DeviceKeyPair.generate(entropy: &entropy),
                time: WallTime(secondsSince1970: 1_795_000_000))
            let contact = Contact(
                name: try ContactName(name), devices: author.view, verification: verification)
            try log().changeContacts(chain: author.chain) { book in
                Result<AuditEntry, ContactBookError> { () throws(ContactBookError) in
                    try book.add(contact)
                    return AuditEntry(
                        .contactChanged, at: SystemWallClock.now(), reason: "added")
                }
            }.get()
        }
    }

    /// The code of the error that `body` ends with.
    private func code(_ body: () throws(SealiftError) -> Void) -> ErrorCode? {
        do throws(SealiftError) {
            try body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test("makes, changes and ends shares and memberships, each in the log")
    func shares() throws {
        let scene = try Scene()
        defer { scene.folder.remove() }
        let made = try addShare(
            NewShare(
                scene.bytes("data"), members: [.init(contact: "eve", role: .viewer)],
                terms: GrantTerms(
                    paths: [Array("weights/".utf8)], expires: .seconds(86_400), quota: 1_000)),
            home: scene.home, passphrase: .none)
        #expect(made.share.name == "data" && made.share.memberCount == 1)
        #expect(made.members.first?.person.isVerified == false)
        #expect(made.members.first?.paths?.map(\.description) == ["weights"])
        #expect(made.members.first?.quota == 1_000 && made.members.first?.isOver == false)
        let bob = try grantShare(
            "data", to: "bob", GrantTerms(role: .editor, needsApproval: true), home: scene.home,
            passphrase: .none)
        #expect(bob.role == .editor && bob.approval == .awaited && bob.expires == nil)
        let approved = try approveMember("bob", of: "data", home: scene.home, passphrase: .none)
        guard case .given = approved.approval else {
            Issue.record("\(approved.approval)")
            return
        }
        // What is not said stays as it is.
        let eve = try grantShare(
            "data", to: "eve", GrantTerms(quota: 2_000), home: scene.home, passphrase: .none)
        #expect(eve.quota == 2_000 && eve.paths?.count == 1 && eve.expires != nil)
        #expect(try readShares(home: scene.home).map(\.memberCount) == [2])
        #expect(
            try readShare("data", home: scene.home).members.map(\.person.name) == ["bob", "eve"])
        _ = try revokeShare("data", from: "bob", home: scene.home, passphrase: .none)
        _ = try removeShare("data", home: scene.home, passphrase: .none)
        #expect(try readShares(home: scene.home) == [])
        var reasons: [String] = []
        try scene.log().forEachEntry { _, entry in
            if let entry = try? entry.get() { reasons.append(entry.reason) }
            return true
        }
        #expect(
            reasons.suffix(7) == [
                "share_added", "viewer", "editor", "approved", "viewer", "revoked",
                "share_removed",
            ])
    }

    @Test("says what to do where something cannot be shared, and changes nothing")
    func refusals() throws {
        let scene = try Scene()
        defer { scene.folder.remove() }
        func add(
            _ path: String, name: String? = nil, with members: [NewShare.Member] = [],
            _ terms: GrantTerms = GrantTerms()
        ) -> ErrorCode? {
            code { () throws(SealiftError) in
                _ = try addShare(
                    NewShare(scene.bytes(path), name: name, members: members, terms: terms),
                    home: scene.home, passphrase: .none)
            }
        }
        let bob = NewShare.Member(contact: "bob", role: .viewer)
        // The folder with sealift's own keys, one above it, one in it.
        #expect(add("home") == .usage)
        #expect(add("") == .usage)
        #expect(add("missing") == .sourceNotFound)
        #expect(add("data", name: "a/b") == .nameRefused)
        #expect(add("data", with: [.init(contact: "nobody", role: .viewer)]) == .contactUnknown)
        #expect(add("data", with: [.init(contact: "eve", role: .editor)]) == .notVerified)
        #expect(add("data", with: [bob, bob]) == .usage)
        for path in ["../home", "/etc", "weights/../..", "."] {
            #expect(
                add("data", with: [bob], GrantTerms(paths: [Array(path.utf8)])) == .usage, "\(path)"
            )
        }
        #expect(
            add("data", with: [bob], GrantTerms(paths: [Array("typo".utf8)])) == .sourceNotFound)
        #expect(try readShares(home: scene.home) == [])
        #expect(add("data") == nil)
        #expect(add("data") == .nameRefused)
        func grant(_ contact: String, _ role: Role?) -> ErrorCode? {
            code { () throws(SealiftError) in
                _ = try grantShare(
                    "data", to: contact, GrantTerms(role: role), home: scene.home,
                    passphrase: .none)
            }
        }
        #expect(grant("eve", .admin) == .notVerified)
        #expect(grant("eve", nil) == nil)
        #expect(grant("bob", .owner) == .usage)
        #expect(
            code { () throws(SealiftError) in
                _ = try revokeShare("data", from: "bob", home: scene.home, passphrase: .none)
            } == .memberUnknown)
        #expect(
            code { () throws(SealiftError) in
                _ = try readShare("other", home: scene.home)
            } == .shareUnknown)
    }

    @Test("gives no end that is over by the latest time known: a clock set back grants nothing")
    func clock() throws {
        let scene = try Scene()
        defer { scene.folder.remove() }
        let log = try scene.log()
        // Peers agreed that it is two days later than this machine's clock says.
        var floor = SystemWallClock.now()
        for _ in 0..<3 {
            floor = floor.adding(seconds: 57_600)
            _ = try log.moveClockFloor(now: floor)
        }
        func add(_ expires: Duration) -> ErrorCode? {
            code { () throws(SealiftError) in
                _ = try addShare(
                    NewShare(
                        scene.bytes("data"), members: [.init(contact: "bob", role: .viewer)],
                        terms: GrantTerms(expires: expires)),
                    home: scene.home, passphrase: .none)
            }
        }
        #expect(add(.seconds(86_400)) == .clockBehind)
        #expect(add(.seconds(30 * 86_400)) == nil)
    }

    @Test("writes rules for verified contacts only, and into no folder that a login runs")
    func rules() throws {
        let scene = try Scene()
        defer { scene.folder.remove() }
        func add(_ from: String, _ into: String, _ size: UInt64 = 10) -> ErrorCode? {
            code { () throws(SealiftError) in
                _ = try addRule(
                    NewRule(
                        from: from, into: Array(into.utf8), maximumByteCount: size,
                        expires: .seconds(60)),
                    home: scene.home, passphrase: .none)
            }
        }
        #expect(add("bob", scene.path("data")) == nil)
        #expect(add("eve", scene.path("data")) == .notVerified)
        #expect(add("nobody", scene.path("data")) == .contactUnknown)
        #expect(add("bob", scene.path("missing")) == .sourceNotFound)
        #expect(add("bob", scene.path("home")) == .usage)
        #expect(add("bob", "/") == .usage)
        #expect(add("bob", scene.path("data"), 0) == .usage)
        if let user = StateHome.userFolder() {
            #expect(add("bob", String(decoding: user, as: UTF8.self)) == .usage)
        }
        let rules = try readRules(home: scene.home)
        #expect(rules.map(\.number) == [1] && rules.first?.from.name == "bob")
        #expect(rules.first?.isOver == false && rules.first?.acceptedBytes == 0)
        #expect(
            code { () throws(SealiftError) in
                _ = try removeRule(2, home: scene.home, passphrase: .none)
            } == .ruleUnknown)
        _ = try removeRule(1, home: scene.home, passphrase: .none)
        #expect(try readRules(home: scene.home) == [])
    }

    @Test("shows the inbox, and says no once")
    func inbox() throws {
        let scene = try Scene()
        defer { scene.folder.remove() }
        let eve = try scene.contact("eve")
        let device = try #require(eve.devices.devices.keys.first)
        for byte in [UInt8(0xAB), 0xAC] {
            let id = try #require(OfferID([byte] + [UInt8](repeating: byte, count: 15)))
            let label = try #require(OfferLabel(Array("model".utf8)))
            _ = try scene.log().addOffer(
                IncomingOffer(
                    id: id, offer: Offer(from: eve.identity, byteCount: 5, entryCount: 1),
                    device: device, label: label), time: SystemWallClock.now())
        }
        let items = try readInbox(all: false, home: scene.home)
        #expect(items.count == 2 && items.allSatisfy { $0.state == .waiting })
        #expect(items.allSatisfy { $0.from.name == "eve" && !$0.from.isVerified })
        func decline(_ id: String) -> ErrorCode? {
            code { () throws(SealiftError) in
                _ = try declineOffer(id, home: scene.home, passphrase: .none)
            }
        }
        #expect(decline("abab") == nil)
        #expect(decline("ABAB") == .offerSettled)
        #expect(decline("abcd") == .offerUnknown)
        for id in ["ab", "", "abax", "%%%%"] { #expect(decline(id) == .usage, "\(id)") }
        #expect(try readInbox(all: false, home: scene.home).count == 1)
        #expect(
            try readInbox(all: true, home: scene.home).map(\.state.rawValue).sorted()
                == ["declined", "waiting"])
    }

    @Test("names an older sealift where a contact's end does not know what was asked")
    func olderEnd() throws {
        let scene = try Scene()
        defer { scene.folder.remove() }
        let bob = try scene.contact("bob")
        let share = try #require(ShareID([UInt8](repeating: 1, count: 16)))
        let refused = SessionEnding.closedByPeer(.violation, reason: "")
        let requests: [(ContactRequest, isLater: Bool)] = [
            (.shares, false), (.folder(share, nil), false), (.get(share, []), false),
            (.members(share), true), (.approve(share, bob.identity), true),
            (.remove(share, bob.identity), true), (.leave(share), true),
        ]
        for (request, isLater) in requests {
            let error = SealiftError(unanswered: request, by: bob, refused)
            #expect(error.code == (isLater ? .protocolViolation : .connectionLost), "\(request)")
            #expect(error.message.contains("older") == isLater, "\(request)")
            for other in [SessionEnding.lost, .closedByPeer(.done, reason: "")] {
                let error = SealiftError(unanswered: request, by: bob, other)
                #expect(error.code == .connectionLost, "\(request)")
            }
        }
    }
}

import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

private let now = someTime

@Suite("Access to a share")
struct AccessDecisionTests {
    private let bob: Person
    private let device: DeviceKeyPair
    private let contact: Contact
    private let share: ShareID

    init() throws {
        var bob = try Person(2)
        device = bob.device()
        self.bob = bob
        let author = try ChainAuthor(beginning: bob.root, with: device, time: someTime)
        contact = Contact(
            name: try ContactName("bob"), devices: author.view, verification: .verified(.code))
        share = try #require(ShareID([UInt8](repeating: 7, count: 16)))
    }

    private func path(_ text: String) throws -> GrantedPath { try #require(GrantedPath(text)) }

    private func request(
        _ verb: Verb, _ path: String? = "a/b", bytes: UInt64 = 0
    ) throws -> AccessRequest {
        AccessRequest(
            share: share, identity: bob.identity, device: device.publicKeys.id, verb: verb,
            path: path.flatMap { GrantedPath($0) }, byteCount: bytes)
    }

    private func grant(
        _ role: Role, paths: PathSubset = .everything, expires: WallTime? = nil,
        quota: UInt64? = nil, approval: Grant.Approval = .notNeeded
    ) -> Grant {
        Grant(
            share: share, member: bob.identity, role: role, paths: paths, expires: expires,
            quota: quota, approval: approval)
    }

    private func judge(
        _ request: AccessRequest, _ grant: Grant, moved: UInt64 = 0, time: WallTime = now
    ) -> AccessDecision {
        .judge(
            request, contact: .found(contact), grant: .found(grant), movedBytes: .found(moved),
            time: time)
    }

    /// What each role may do; everything else is refused. Written out, not computed.
    private static let table: [Role: Set<Verb>] = {
        let viewer: Set<Verb> = [.browse, .download, .leave]
        let editor = viewer.union([.upload])
        let admin = editor.union([
            .listMembers, .addMember(.viewer), .addMember(.editor), .removeMember(.viewer),
            .removeMember(.editor), .changeRole(from: .viewer, to: .viewer),
            .changeRole(from: .viewer, to: .editor), .changeRole(from: .editor, to: .viewer),
            .changeRole(from: .editor, to: .editor),
        ])
        let owner = admin.subtracting([.leave]).union([
            .changeShare, .removeShare, .addMember(.admin), .removeMember(.admin),
            .changeRole(from: .viewer, to: .admin), .changeRole(from: .editor, to: .admin),
            .changeRole(from: .admin, to: .viewer), .changeRole(from: .admin, to: .editor),
            .changeRole(from: .admin, to: .admin),
        ])
        return [.viewer: viewer, .editor: editor, .admin: admin, .owner: owner]
    }()

    @Test("to members is for nobody who waits for a yes himself, but leaving is")
    func awaitedAdmin() throws {
        let awaited = grant(.admin, approval: .awaited)
        for verb in [
            Verb.listMembers, .addMember(.viewer), .removeMember(.viewer),
            .changeRole(from: .viewer, to: .editor),
        ] {
            #expect(judge(try request(verb), awaited) == .denied(.approvalAwaited))
            #expect(judge(try request(verb), grant(.admin)) == .allowed)
        }
        #expect(judge(try request(.leave), awaited) == .allowed)
    }

    @Test("is what the table says, for every role and every verb", arguments: Role.allCases)
    func table(role: Role) throws {
        let allowed = try #require(Self.table[role])
        #expect(Verb.all.count == 31 && Set(Verb.all).count == 31)
        for verb in Verb.all {
            #expect(role.allows(verb) == allowed.contains(verb), "\(role) \(verb)")
            // Over the wire nobody is the owner, whatever a record says.
            let isAllowed = role < .owner && allowed.contains(verb)
            let decision = judge(try request(verb), grant(role))
            #expect((decision == .allowed) == isAllowed, "\(role) \(verb): \(decision)")
        }
    }

    @Test("lets no admin remove, demote or make an owner or an admin")
    func ownerStays() throws {
        for verb: Verb in [
            .removeMember(.owner), .removeMember(.admin), .changeRole(from: .owner, to: .viewer),
            .changeRole(from: .admin, to: .viewer), .changeRole(from: .editor, to: .owner),
            .changeRole(from: .viewer, to: .admin), .addMember(.owner), .addMember(.admin),
            .removeShare, .changeShare,
        ] {
            #expect(judge(try request(verb), grant(.admin)) == .denied(.role), "\(verb)")
        }
    }

    @Test("is closed where anything is missing, or a look-up failed")
    func closed() throws {
        let request = try request(.download)
        let grant = grant(.viewer, quota: 100)
        func judge(
            _ contact: Lookup<Contact>, _ grant: Lookup<Grant>, _ moved: Lookup<UInt64>
        ) -> AccessDecision {
            .judge(request, contact: contact, grant: grant, movedBytes: moved, time: now)
        }
        #expect(judge(.found(contact), .found(grant), .found(0)) == .allowed)
        #expect(judge(.failed, .found(grant), .found(0)) == .denied(.lookupFailed))
        #expect(judge(.absent, .found(grant), .found(0)) == .denied(.notAdmitted))
        #expect(judge(.found(contact), .failed, .found(0)) == .denied(.lookupFailed))
        #expect(judge(.found(contact), .absent, .found(0)) == .denied(.noGrant))
        #expect(judge(.found(contact), .found(grant), .failed) == .denied(.lookupFailed))
        #expect(judge(.found(contact), .found(grant), .absent) == .denied(.lookupFailed))
    }

    @Test("is not opened by a record of another share or another member")
    func wrongRow() throws {
        let request = try request(.browse, nil)
        let other = try #require(ShareID([UInt8](repeating: 8, count: 16)))
        for row in [
            Grant(share: other, member: bob.identity, role: .viewer),
            Grant(share: share, member: try Person(3).identity, role: .viewer),
        ] {
            #expect(judge(request, row) == .denied(.noGrant))
        }
    }

    @Test("is for contacts' own devices: blocked, revoked and unknown ones are not admitted")
    func admission() throws {
        var blocked = contact
        blocked.block()
        var person = bob
        let stranger = AccessRequest(
            share: share, identity: bob.identity, device: person.device().publicKeys.id,
            verb: .browse)
        func judge(_ request: AccessRequest, _ contact: Contact) -> AccessDecision {
            .judge(
                request, contact: .found(contact), grant: .found(grant(.viewer)),
                movedBytes: .found(0), time: now)
        }
        #expect(judge(try request(.browse), contact) == .allowed)
        #expect(judge(try request(.browse), blocked) == .denied(.notAdmitted))
        #expect(judge(stranger, contact) == .denied(.notAdmitted))
        let unverified = Contact(name: contact.name, devices: contact.devices)
        #expect(judge(try request(.download), unverified) == .allowed)
        #expect(
            AccessDecision.judge(
                try request(.upload), contact: .found(unverified), grant: .found(grant(.editor)),
                movedBytes: .found(0), time: now) == .denied(.notVerified))
    }

    @Test(
        "reaches exactly the paths granted, whatever trick the asked path tries",
        arguments: [
            ("docs", true), ("docs/a", true), ("docs/a/b.txt", true), ("data/set.bin", true),
            ("doc", false), ("docs2", false), ("data", false), ("data/set.bin2", false),
            ("Docs", false), ("docs ", false), ("docs%2Fa", false), ("..docs", false),
            ("other/docs", false), ("docs%00", false), ("do\u{441}s", false),
        ])
    func paths(asked: String, isInside: Bool) throws {
        let grant = grant(
            .editor, paths: .only([try path("docs"), try path("data/set.bin")]))
        for verb in [Verb.browse, .download, .upload] {
            let decision = judge(try request(verb, asked), grant)
            #expect(decision == (isInside ? .allowed : .denied(.path)), "\(verb) \(asked)")
        }
    }

    @Test(
        "has no path that could mean another place than it says",
        arguments: [
            "", "/", "/docs", "docs/", "docs//a", ".", "..", "docs/../x", "docs/./a", "docs/..",
            "a\\b", "docs/a\u{0}", "docs/\n", "docs/\u{1B}[2J", "docs\u{7F}",
        ])
    func noPath(text: String) {
        #expect(GrantedPath(text) == nil)
    }

    @Test("has no path of bytes that are no UTF-8, of endless length or depth beyond it")
    func pathBounds() throws {
        #expect(GrantedPath([0x64, 0xC0, 0xAF, 0x2E]) == nil)
        #expect(GrantedPath([0x64, 0xFF]) == nil)
        #expect(GrantedPath([UInt8](repeating: 0x61, count: 256)) == nil)
        #expect(GrantedPath([UInt8](repeating: 0x61, count: 255)) != nil)
        #expect(GrantedPath(String(repeating: "a/", count: 2_048) + "a") == nil)
        #expect(try path("a\u{202E}b").description == "a\\u{202e}b")
        // Two forms of one letter are two names.
        #expect(GrantedPath("é") != GrantedPath("e\u{301}"))
    }

    @Test("to content needs a path, and an empty subset opens nothing")
    func missingPath() throws {
        #expect(judge(try request(.download, nil), grant(.viewer)) == .denied(.path))
        #expect(judge(try request(.upload, nil), grant(.editor)) == .denied(.path))
        #expect(judge(try request(.browse), grant(.viewer, paths: .only([]))) == .denied(.path))
    }

    @Test("ends in the second of its expiry")
    func expiry() throws {
        let grant = grant(.viewer, expires: now)
        let request = try request(.download)
        #expect(judge(request, grant, time: now.adding(seconds: -1)) == .allowed)
        #expect(judge(request, grant, time: now) == .denied(.expired))
        #expect(judge(request, grant, time: now.adding(seconds: .max)) == .denied(.expired))
    }

    @Test("is bounded by its quota to the byte, and no count wraps")
    func quota() throws {
        let grant = grant(.viewer, quota: 100)
        #expect(judge(try request(.download, bytes: 40), grant, moved: 60) == .allowed)
        #expect(judge(try request(.download, bytes: 41), grant, moved: 60) == .denied(.quota))
        #expect(judge(try request(.download, bytes: .max), grant, moved: 60) == .denied(.quota))
        #expect(judge(try request(.download, bytes: 1), grant, moved: .max) == .denied(.quota))
        #expect(judge(try request(.browse), grant, moved: .max) == .allowed)
    }

    @Test("that needs a second person waits for one who may, and not for the member")
    func approval() throws {
        var grant = grant(.viewer, approval: .awaited)
        let request = try request(.download)
        let carol = try Person(3).identity
        #expect(judge(request, grant) == .denied(.approvalAwaited))
        #expect(judge(try self.request(.browse), grant) == .allowed)
        let (byHimself, byEditor) = (
            grant.approve(by: bob.identity, role: .admin), grant.approve(by: carol, role: .editor)
        )
        #expect(!byHimself && !byEditor)
        #expect(judge(request, grant) == .denied(.approvalAwaited))
        let byAdmin = grant.approve(by: carol, role: .admin)
        #expect(byAdmin)
        #expect(grant.approval == .given(by: carol))
        #expect(judge(request, grant) == .allowed)
        let again = grant.approve(by: try Person(4).identity, role: .owner)
        #expect(!again)
    }

    @Test("that is denied tells nothing of what was never granted")
    func visibility() {
        let hidden: Set<AccessDecision.Denial> = [
            .lookupFailed, .notAdmitted, .noGrant, .expired, .path,
        ]
        for denial in AccessDecision.Denial.allCases {
            #expect(AccessDecision.denied(denial).isVisible != hidden.contains(denial))
        }
    }
}

@Suite("The floor of the clock")
struct ClockFloorTests {
    private let day: Int64 = 86_400

    @Test("follows the clock, and a clock set back brings nothing back to life")
    func setBack() {
        var floor = ClockFloor(floor: now)
        let later = now.adding(seconds: day / 2)
        #expect(floor.judge(now: later) == later)
        #expect(floor.judge(now: now.adding(seconds: -10 * day)) == later)
        #expect(floor.judge(now: WallTime(secondsSince1970: .min)) == later)
        #expect(floor.floor == later)
    }

    @Test(
        "does not move for a jump to 2099: meanwhile all is closed, and afterwards nothing is lost")
    func jump() {
        var floor = ClockFloor(floor: now)
        let year2099 = WallTime(secondsSince1970: 4_070_908_800)
        #expect(floor.judge(now: year2099) == year2099)
        #expect(floor.floor == now)
        #expect(floor.judge(now: now.adding(seconds: 60)) == now.adding(seconds: 60))
        // A machine that was off for a week: its peers say so, and the floor follows.
        let week = now.adding(seconds: 7 * day)
        _ = floor.judge(now: week)
        #expect(floor.floor == now.adding(seconds: 60))
        floor.confirm(peer: week.adding(seconds: -30), now: week)
        #expect(floor.floor == week.adding(seconds: -30))
    }

    @Test("is moved neither by a lying peer alone nor by a lying clock alone, and never falls")
    func confirmation() {
        let year2099 = WallTime(secondsSince1970: 4_070_908_800)
        var floor = ClockFloor(floor: now)
        floor.confirm(peer: year2099, now: now)
        floor.confirm(peer: now, now: year2099)
        floor.confirm(peer: WallTime(secondsSince1970: .min), now: WallTime(secondsSince1970: .max))
        floor.confirm(peer: now.adding(seconds: -10), now: now.adding(seconds: -10))
        #expect(floor.floor == now)
    }
}

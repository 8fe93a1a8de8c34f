import Foundation
import Testing

@Suite("sealift share, in a share of a contact's")
struct ShareMembersTests {
    private static func error(_ outcome: SealiftProcess.Outcome) throws -> String? {
        try outcome.events.last?["code"] as? String
    }

    @Test(
        "lets an admin bring in, change and remove members within his own, and touch no owner and no admin"
    )
    func admin() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob", "dan", "eve"] { _ = try scene.begin(person) }
        for (one, other) in [("ann", "bob"), ("ann", "dan"), ("ann", "eve"), ("bob", "eve")] {
            try scene.befriend(one, other)
        }
        try FileManager.default.createDirectory(
            atPath: scene.path("data/weights"), withIntermediateDirectories: true)
        let added = try scene.run(
            "ann",
            [
                "share", "add", "data", "--with", "bob:admin", "--with", "dan:admin", "--quota",
                "1MB",
            ])
        #expect(added.status == 0, "\(added.error)")
        let up = try scene.serve("ann")
        defer { up.process.terminate() }
        func share(
            _ person: String, _ arguments: [String]
        ) throws -> SealiftProcess.Outcome {
            try scene.run(person, ["share"] + arguments + ["--json"] + up.way)
        }
        func seen(by person: String) throws -> [String] {
            try scene.run(person, ["browse", "ann", "--json"] + up.way).events
                .compactMap { $0["name"] as? String }
        }

        let listed = try share("bob", ["members", "ann/data"])
        #expect(listed.status == 0, "\(listed.error)")
        let members = try #require(
            try listed.events.first?["members"] as? [[String: Any]])
        #expect(members.count == 2 && members.count { $0["self"] as? Bool == true } == 1)
        // He does not know dan: an identity, and no name.
        let dan = try #require(members.first { $0["self"] as? Bool == false })
        #expect(dan["contact"] is NSNull && dan["role"] as? String == "admin")
        let shown = try scene.run("bob", ["share", "members", "ann/data"] + up.way)
        #expect(shown.output.contains("you") && shown.output.contains("you: admin"))
        let short = try #require(
            shown.output.split(separator: "\n").first { $0.contains("NO CONTACT") }?
                .split(separator: " ").first.map(String.init))

        // More than he has, and what fits.
        let beyond = try share("bob", ["grant", "ann/data", "eve:viewer"])
        #expect(beyond.status == 7, "\(beyond.error)")
        #expect(try Self.error(beyond) == "access_denied")
        let given = try share(
            "bob", ["grant", "ann/data", "eve:viewer", "--quota", "10kB", "--expires", "1h"])
        #expect(given.status == 0, "\(given.error)")
        #expect(try given.events.first?["quota"] as? Int == 10_000)
        #expect(try given.events.first?["owner"] as? String == "ann")
        #expect(try seen(by: "eve") == ["data"])
        let wider = try share("bob", ["grant", "ann/data", "eve", "--quota", "2MB"])
        #expect(try Self.error(wider) == "access_denied", "\(wider.error)")
        let second = try share("bob", ["grant", "ann/data", "eve:admin"])
        #expect(try Self.error(second) == "access_denied", "\(second.error)")
        let stranger = try share("bob", ["grant", "ann/data", "nobody", "--quota", "1kB"])
        #expect(try Self.error(stranger) == "contact_unknown", "\(stranger.error)")

        // A viewer governs nobody and sees nobody.
        for arguments in [
            ["members", "ann/data"], ["grant", "ann/data", "bob:editor"],
            ["revoke", "ann/data", "bob"], ["approve", "ann/data", "bob"],
        ] {
            let refused = try share("eve", arguments)
            #expect(try Self.error(refused) == "access_denied", "\(arguments) \(refused.error)")
        }

        // Neither the owner nor another admin.
        for person in ["ann", short] {
            let refused = try share("bob", ["revoke", "ann/data", person])
            #expect(try Self.error(refused) == "access_denied", "\(person) \(refused.error)")
        }
        #expect(try scene.run("ann", ["share", "grant", "data", "dan:viewer"]).status == 0)
        let removed = try share("bob", ["revoke", "ann/data", short])
        #expect(removed.status == 0, "\(removed.error)")
        #expect(try removed.events.first?["event"] as? String == "member_revoked")
        #expect(try seen(by: "dan") == [])

        // A yes that is awaited.
        let waiting = try scene.run("ann", ["share", "grant", "data", "eve", "--approval"])
        #expect(waiting.status == 0, "\(waiting.error)")
        let approved = try share("bob", ["approve", "ann/data", "eve"])
        #expect(try approved.events.first?["approval"] as? String == "given", "\(approved.error)")
        let ended = try share("bob", ["revoke", "ann/data", "eve"])
        #expect(ended.status == 0, "\(ended.error)")
        #expect(try seen(by: "eve") == [])

        // Leaving is for everybody, once.
        let left = try share("bob", ["leave", "ann/data"])
        #expect(left.status == 0, "\(left.error)")
        #expect(try left.events.first?["event"] as? String == "share_left")
        #expect(try Self.error(share("bob", ["leave", "ann/data"])) == "share_unknown")
        #expect(try Self.error(share("bob", ["members", "ann/data"])) == "share_unknown")

        // Every change and every denial is in ann's log, with the device that asked.
        let log = try scene.run("ann", ["log", "--json"]).events.filter { !($0["peer"] is NSNull) }
        let reasons = log.compactMap { $0["reason"] as? String }
        for reason in [
            "viewer", "revoked", "approved", "left", "denied_role", "denied_beyond_own_grant",
            "denied_owner",
        ] {
            #expect(reasons.contains(reason), "\(reason): \(reasons)")
        }
        #expect(try scene.run("ann", ["log", "verify"]).status == 0)
        let said = try scene.sealift.text("\(up.name).out")
        for question in ["members", "grant", "approve", "remove", "leave"] {
            #expect(said.contains("\"question\":\"\(question)\""), "\(question)")
        }
    }

    @Test("names a share of a contact's with its owner, and one's own without")
    func usage() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        _ = try scene.begin("ann")
        for arguments in [
            ["members", "bob/data/weights"], ["members", "/data"], ["leave", "data"],
            ["revoke", "bob/..//x", "eve"], ["members", "data", "--address", "127.0.0.1:1"],
        ] {
            let refused = try scene.run("ann", ["share"] + arguments)
            #expect(refused.status == 64, "\(arguments): \(refused.error)")
        }
        let unknown = try scene.run(
            "ann", ["share", "members", "bob/data", "--json", "--no-signaling", "--no-lan"])
        #expect(try Self.error(unknown) == "contact_unknown", "\(unknown.error)")
    }
}

import Foundation
import Testing

@Suite("sealift share, rule and inbox")
struct SharingCommandTests {
    /// Makes two people contacts by an invitation's file, over the loopback.
    private static func invite(
        _ scene: PeopleScene, _ one: String, _ other: String, isInPerson: Bool
    ) throws {
        let options = (isInPerson ? ["--in-person"] : []) + ["--json", "--name"]
        let file = "invitation-\(other)"
        let waiting = try scene.start(
            one,
            ["contact", "export", "--listen", "127.0.0.1:0", "--wait", "300s"] + options
                + [other, file])
        defer { waiting.process.terminate() }
        let imported = try scene.run(other, ["contact", "import"] + options + [one, file])
        if imported.status != 0 { waiting.process.interrupt() }
        #expect(imported.status == 0, "\(imported.error)")
        #expect(try scene.sealift.finish(waiting.process, name: waiting.name).status == 0)
    }

    @Test("share with contacts, up to what each may have, and tell scripts and people of it")
    func share() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob", "eve"] { _ = try scene.begin(person) }
        try Self.invite(scene, "ann", "bob", isInPerson: true)
        try Self.invite(scene, "ann", "eve", isInPerson: false)
        try scene.sealift.write("content", to: "models/weights/1")

        let added = try scene.run(
            "ann",
            [
                "share", "add", "models", "--with", "bob:editor", "--with", "eve", "--expires",
                "30d", "--quota", "200GB", "--json",
            ])
        #expect(added.status == 0, "\(added.error)")
        let share = try #require(try added.events.first)
        #expect(share["event"] as? String == "share" && share["name"] as? String == "models")
        let members = try #require(share["members"] as? [[String: Any]])
        #expect(members.compactMap { $0["contact"] as? String } == ["bob", "eve"])
        #expect(members.compactMap { $0["role"] as? String } == ["editor", "viewer"])
        #expect(members.allSatisfy { $0["quota"] as? Int == 200_000_000_000 })
        #expect(members.compactMap { $0["verified"] as? Bool } == [true, false])

        // Above a viewer's role an unverified contact is told about, with what to do.
        let refused = try scene.run("ann", ["share", "grant", "models", "eve:admin"])
        #expect(refused.status == 7 && refused.error.contains("sealift contact verify eve"))
        let granted = try scene.run(
            "ann", ["share", "grant", "models", "eve", "--path", "weights", "--approval"])
        #expect(granted.status == 0, "\(granted.error)")
        for word in ["NOT VERIFIED", "only weights", "WAITS FOR APPROVAL", "eve"] {
            #expect(granted.output.contains(word), "\(granted.output)")
        }
        #expect(try scene.run("ann", ["share", "approve", "models", "eve"]).status == 0)
        let shown = try scene.run("ann", ["share", "members", "models"])
        #expect(shown.output.split(separator: "\n").count == 3, "\(shown.output)")
        #expect(try scene.run("ann", ["share", "revoke", "models", "eve"]).status == 0)
        let gone = try scene.run("ann", ["share", "revoke", "models", "eve", "--json"])
        #expect(gone.status == 64)
        #expect(try gone.events.last?["code"] as? String == "member_unknown")
        let listed = try scene.run("ann", ["share"])
        #expect(listed.output.contains("models") && listed.output.contains("1 member "))

        // A rule, for who is verified only.
        let unverified = try scene.run(
            "ann", ["rule", "add", "--from", "eve", "--into", "models", "--max-size", "1GB"])
        #expect(unverified.status == 7)
        let rule = try scene.run(
            "ann",
            ["rule", "add", "--from", "bob", "--into", "models", "--max-size", "1GB", "--json"])
        #expect(rule.status == 0, "\(rule.error)")
        #expect(try rule.events.first?["number"] as? Int == 1)
        #expect(try rule.events.first?["max_size"] as? Int == 1_000_000_000)
        #expect(try scene.run("ann", ["rule", "remove", "1"]).status == 0)
        #expect(try scene.run("ann", ["rule", "list"]).output.isEmpty)
        #expect(try scene.run("ann", ["inbox"]).output.isEmpty)
        #expect(try scene.run("ann", ["inbox", "decline", "abcd"]).status == 64)

        // A contact who is removed has nothing any more, and the log tells of all of it.
        #expect(try scene.run("ann", ["contact", "remove", "bob"]).status == 0)
        let empty = try scene.run("ann", ["share", "list", "--json"])
        #expect(try empty.events.first?["member_count"] as? Int == 0)
        let log = try scene.run("ann", ["log", "--json"])
        let kinds = try log.events.compactMap { $0["kind"] as? String }
        for kind in ["share_changed", "granted", "revoked", "rule_changed"] {
            #expect(kinds.contains(kind), "\(kinds)")
        }
        let first = try #require(try log.events.first { $0["kind"] as? String == "granted" })
        #expect(first["contact"] as? String == "bob" && first["share"] as? String == "models")
        #expect(try scene.run("ann", ["log", "verify"]).status == 0)
    }

    @Test(
        "end with 64 for what they do not understand",
        arguments: [
            ["share", "add"], ["share", "add", "x", "--with", "bob:owner"],
            ["share", "add", "x", "--with", "bob:boss"], ["share", "add", "x", "--quota", "5"],
            ["share", "add", "x", "--expires", "30d"], ["share", "grant", "x"],
            ["share", "add", "x", "--with", "bob", "--quota", "200"],
            ["rule", "add", "--from", "bob", "--into", "x"],
            ["rule", "add", "--from", "bob", "--into", "x", "--max-size", "200"],
            ["rule", "remove", "one"], ["inbox", "decline"],
        ])
    func usage(arguments: [String]) throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let outcome = try sealift.run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.error.hasPrefix("error: ") && outcome.error.contains("\nwhat to do: "))
    }

    @Test(
        "show help of a terminal's width, with examples",
        arguments: [
            ["share"], ["share", "add"], ["share", "grant"], ["rule"], ["rule", "add"], ["inbox"],
        ])
    func help(command: [String]) throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let outcome = try sealift.run(command + ["--help"])
        #expect(outcome.status == 0 && outcome.error.isEmpty)
        #expect(outcome.output.contains("EXAMPLES:") && outcome.output.contains("EXIT STATUS:"))
        #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
}

import Foundation
import Glibc
import Testing

@Suite("sealift rule --quarantine and inbox release and discard")
struct QuarantineRunTests {
    /// Waits until `up` said something of this kind about an offer with this label.
    private static func event(
        _ kind: String, of label: String, by up: PeopleScene.Serving, in scene: PeopleScene
    ) throws -> [String: Any] {
        var found: [String: Any] = [:]
        try scene.sealift.wait(for: up.process, name: up.name) { output in
            for line in output.split(separator: "\n") {
                guard
                    let event = (try? JSONSerialization.jsonObject(with: Data(line.utf8)))
                        as? [String: Any],
                    event["event"] as? String == kind, event["label"] as? String == label
                else { continue }
                found = event
                return true
            }
            return false
        }
        return found
    }

    private static func send(
        _ name: String, _ scene: PeopleScene, to up: PeopleScene.Serving
    ) throws {
        let sent = try scene.run("bob", ["send", name, "--to", "ann", "--json"] + up.way)
        #expect(sent.status == 0, "\(sent.error)\(sent.output)")
    }

    @Test("hold what a rule took until it is released or discarded, and say so")
    func whole() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try scene.befriend("ann", "bob")
        for name in ["first", "second"] {
            try scene.sealift.write("#!/bin/sh\n", to: "\(name)/run")
            chmod(scene.path("\(name)/run"), 0o755)
            try scene.sealift.writeBytes(600_000, to: "\(name)/data")
        }
        try FileManager.default.createDirectory(
            atPath: scene.path("in"), withIntermediateDirectories: true)
        let rule = try scene.run(
            "ann",
            [
                "rule", "add", "--from", "bob", "--into", "in", "--max-size", "10MB",
                "--quarantine", "--json",
            ])
        #expect(try rule.events.first?["quarantine"] as? Bool == true, "\(rule.error)")
        #expect(try scene.run("ann", ["rule"]).output.contains("held in quarantine"))
        var up = try scene.serve("ann")
        defer { up.process.terminate() }
        try Self.send("first", scene, to: up)
        let offered = try Self.event("offered", of: "first", by: up, in: scene)
        #expect(offered["accepted"] as? Bool == true && offered["quarantine"] as? Bool == true)
        let ended = try Self.event("offer_ended", of: "first", by: up, in: scene)
        let folder = try #require(ended["held_in"] as? String)
        #expect(ended["error"] is NSNull && folder.hasPrefix(scene.path("in/.sealift/quarantine/")))
        #expect(access(folder + "/first/run", X_OK) != 0 || getuid() == 0)
        try Self.send("second", scene, to: up)
        _ = try Self.event("offer_ended", of: "second", by: up, in: scene)
        #expect(!scene.exists("in/first") && !scene.exists("in/second"))

        // Said again, it is not fetched again.
        up.process.interrupt()
        #expect(try scene.sealift.finish(up.process, name: up.name).status == 0)
        up = try scene.serve("ann")
        let listening = try scene.sealift.text("\(up.name).out")
        #expect(listening.contains("\"held\":2"), "\(listening)")

        let listed = try scene.run("ann", ["inbox", "--json"]).events.sorted {
            ($0["label"] as? String ?? "") < ($1["label"] as? String ?? "")
        }
        #expect(listed.map { $0["state"] as? String } == ["held", "held"])
        #expect(listed.allSatisfy { $0["contact"] as? String == "bob" })
        #expect(listed.first?["held_in"] as? String == folder)
        #expect(listed.first?["held_since"] as? String != nil)
        let ids = listed.compactMap { ($0["id"] as? String).map { String($0.prefix(8)) } }
        try #require(ids.count == 2)
        #expect(try scene.run("ann", ["inbox"]).output.contains(folder))

        let released = try scene.run("ann", ["inbox", "release", ids[0]])
        #expect(released.status == 0, "\(released.error)")
        #expect(released.output.contains("released into \(scene.path("in"))"), "\(released.output)")
        #expect(scene.areEqual("first", "in/first"))
        // Nobody is there to ask.
        let asked = try scene.run("ann", ["inbox", "discard", ids[1]])
        #expect(asked.status == 64 && asked.error.contains("--yes"), "\(asked.error)")
        let discarded = try scene.run("ann", ["inbox", "discard", ids[1], "--yes", "--json"])
        #expect(try discarded.events.first?["state"] as? String == "discarded")
        #expect(!scene.exists("in/second") && !scene.exists("in/.sealift"))
        #expect(try scene.run("ann", ["inbox", "discard", ids[0], "--yes"]).status == 7)
        let states = try scene.run("ann", ["inbox", "list", "--all", "--json"]).events.map {
            $0["state"] as? String
        }
        #expect(Set(states) == ["done", "discarded"] && states.count == 2)
        let log = try scene.run("ann", ["log", "--json"]).events
        let reasons = log.compactMap { $0["reason"] as? String }.filter { $0.hasPrefix("offer_") }
        #expect(
            reasons.sorted() == [
                "offer_discard", "offer_discarded", "offer_held", "offer_held", "offer_release",
                "offer_released",
            ])
        #expect(try scene.run("ann", ["log", "verify"]).status == 0)
    }
}

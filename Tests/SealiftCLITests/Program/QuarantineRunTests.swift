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

    /// Ann and bob, contacts of each other, and her empty folder `in`.
    private static func scene() throws -> PeopleScene {
        let scene = try PeopleScene()
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try scene.befriend("ann", "bob")
        try FileManager.default.createDirectory(
            atPath: scene.path("in"), withIntermediateDirectories: true)
        return scene
    }

    /// Ann takes what bob offers, into quarantine.
    private static func addRule(_ scene: PeopleScene) throws -> SealiftProcess.Outcome {
        try scene.run(
            "ann",
            [
                "rule", "add", "--from", "bob", "--into", "in", "--max-size", "100MB",
                "--quarantine", "--json",
            ])
    }

    /// Begins to send `name` from bob to ann, so slowly that it cannot be over before something is done.
    private static func begin(
        _ name: String, _ scene: PeopleScene, to up: PeopleScene.Serving, rate: String
    ) throws -> Process {
        let sending = try scene.start(
            "bob",
            [
                "send", name, "--to", "ann", "--json", "--listen", "127.0.0.1:0", "--rate", rate,
            ] + up.way)
        try scene.sealift.wait(for: sending.process, name: sending.name, toSay: "\"progress\"")
        return sending.process
    }

    @Test("hold what a rule took until it is released or discarded, and say so")
    func whole() throws {
        let scene = try Self.scene()
        defer { scene.end() }
        for name in ["first", "second"] {
            try scene.sealift.write("#!/bin/sh\n", to: "\(name)/run")
            chmod(scene.path("\(name)/run"), 0o755)
            try scene.sealift.writeBytes(600_000, to: "\(name)/data")
        }
        let rule = try Self.addRule(scene)
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

    @Test(
        "end what is on its way once it is declined, or its contact blocked or removed",
        arguments: ["decline", "block", "remove"])
    func cut(by word: String) throws {
        let scene = try Self.scene()
        defer { scene.end() }
        try scene.sealift.writeBytes(30_000_000, to: "big.bin")
        #expect(try Self.addRule(scene).status == 0)
        let up = try scene.serve("ann")
        defer { up.process.terminate() }
        let sending = try Self.begin("big.bin", scene, to: up, rate: "1mbit")
        defer { sending.terminate() }
        let listed = try scene.run("ann", ["inbox", "--json"]).events
        let id = try #require(listed.first?["id"] as? String)
        let said = try scene.run(
            "ann", word == "decline" ? ["inbox", "decline", id] : ["contact", word, "bob"])
        #expect(said.status == 0, "\(said.error)")
        let ended = try Self.event("offer_ended", of: "big.bin", by: up, in: scene)
        #expect(ended["error"] as? String == "declined", "\(ended)")
        #expect(!scene.exists("in/big.bin"))
        // Who is only blocked may be heard again, and what was proven is kept.
        #expect(scene.exists("in/.sealift") == (word == "block"))
    }

    @Test("do not take a part for the whole where a file failed at its sender")
    func part() throws {
        let scene = try Self.scene()
        defer { scene.end() }
        try scene.sealift.writeBytes(30_000_000, to: "d/a")
        try scene.sealift.writeBytes(300_000, to: "d/b")
        #expect(try Self.addRule(scene).status == 0)
        let up = try scene.serve("ann")
        defer { up.process.terminate() }
        let sending = try Self.begin("d", scene, to: up, rate: "40mbit")
        defer { sending.terminate() }
        try FileManager.default.removeItem(atPath: scene.path("d/b"))
        let ended = try Self.event("offer_ended", of: "d", by: up, in: scene)
        #expect(ended["error"] as? String == "source_unreadable", "\(ended)")
        let listed = try scene.run("ann", ["inbox", "--json"]).events
        #expect(listed.map { $0["state"] as? String } == ["accepted"])
        #expect(!scene.exists("in/d"))
    }
}

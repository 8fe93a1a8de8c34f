import Foundation
import Testing

@Suite("sealift sync")
struct SyncTests {
    private static func complete(_ outcome: SealiftProcess.Outcome) throws -> [String: Any] {
        #expect(outcome.status == 0, "\(outcome.error)\(outcome.output)")
        return try #require(try outcome.events.last { $0["event"] as? String == "complete" })
    }

    private static func gone(_ outcome: SealiftProcess.Outcome) throws -> [String: String] {
        var found: [String: String] = [:]
        for event in try outcome.events where event["event"] as? String == "gone" {
            found[try #require(event["path"] as? String)] = event["outcome"] as? String
        }
        return found
    }

    @Test(
        "brings what is new or changed, nothing twice; deletes only its own, untouched, when told to"
    )
    func current() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try scene.befriend("ann", "bob")
        try scene.sealift.writeBytes(700_000, to: "llm/weights/a.bin")
        try scene.sealift.writeBytes(300_000, to: "llm/weights/b.bin")
        for name in ["README", "old", "old-but-mine", "empty"] {
            try scene.sealift.write(name == "empty" ? "" : name, to: "llm/\(name)")
        }
        #expect(try scene.run("ann", ["share", "add", "llm", "--with", "bob"]).status == 0)
        let up = try scene.serve("ann")
        defer { up.process.terminate() }
        func sync(_ options: [String] = []) throws -> SealiftProcess.Outcome {
            try scene.run(
                "bob",
                ["sync", "ann/llm", "--output", "in", "--yes", "--json"] + options + up.way)
        }
        let first = try Self.complete(try sync())
        #expect(first["received"] as? Int ?? 0 > 900_000)
        #expect(scene.areEqual("llm", "in/llm"))

        // Nothing changed: nothing comes.
        let second = try Self.complete(try sync())
        #expect(second["received"] as? Int == 0)
        #expect(second["files"] as? Int == 6)

        // One changed, one is new, three are gone, one of them changed here; and bob has one of his own.
        try scene.sealift.writeBytes(800_000, to: "llm/weights/a.bin")
        try scene.sealift.writeBytes(8_000, to: "llm/weights/c.bin")
        for name in ["old", "old-but-mine", "empty"] {
            try FileManager.default.removeItem(atPath: scene.path("llm/\(name)"))
        }
        try scene.sealift.write("mine now", to: "in/llm/old-but-mine")
        try scene.sealift.write("bob's", to: "in/llm/notes")
        try scene.sealift.write("bob's", to: "in/other")
        let third = try sync()
        #expect((800_000..<900_000).contains(try Self.complete(third)["received"] as? Int ?? 0))
        #expect(try Self.gone(third) == ["llm/old": "stays", "llm/empty": "stays"])
        #expect(scene.areEqual("llm/weights", "in/llm/weights"))
        #expect(scene.exists("in/llm/old"))

        let fourth = try sync(["--delete"])
        #expect(try Self.complete(fourth)["received"] as? Int == 0)
        #expect(try Self.gone(fourth) == ["llm/old": "deleted", "llm/empty": "deleted"])
        #expect(!scene.exists("in/llm/old") && !scene.exists("in/llm/empty"))
        for name in ["in/llm/old-but-mine", "in/llm/notes", "in/other", "in/llm/README"] {
            #expect(scene.exists(name), "\(name)")
        }
        let log = try scene.run("bob", ["log", "--json"]).events
        #expect(log.count { $0["reason"] as? String == "sync_gone" } == 2)
        #expect(try scene.run("bob", ["log", "verify"]).status == 0)

        // A file that was changed here stays as it is where it changed there too.
        try scene.sealift.write("bob's reading", to: "in/llm/README")
        try scene.sealift.write("another text", to: "llm/README")
        let fifth = try sync(["--delete"])
        #expect(try Self.complete(fifth)["skipped"] as? Int == 1)
        #expect(try scene.sealift.text("in/llm/README") == "bob's reading")

        // A share that is empty all at once deletes nothing.
        try FileManager.default.removeItem(atPath: scene.path("llm/weights"))
        try FileManager.default.removeItem(atPath: scene.path("llm/README"))
        let sixth = try sync(["--delete"])
        let stays = ["a", "b", "c"].map { ("llm/weights/\($0).bin", "stays") }
        #expect(try Self.gone(sixth) == Dictionary(uniqueKeysWithValues: stays))
        #expect(scene.exists("in/llm/weights/a.bin"))
    }

    @Test("goes on by itself until it is stopped")
    func rounds() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try scene.befriend("ann", "bob")
        try scene.sealift.write("one", to: "llm/one")
        #expect(try scene.run("ann", ["share", "add", "llm", "--with", "bob"]).status == 0)
        let up = try scene.serve("ann")
        defer { up.process.terminate() }
        let syncing = try scene.start(
            "bob",
            ["sync", "ann/llm", "--output", "in", "--yes", "--json", "--every", "1s"] + up.way)
        defer { syncing.process.terminate() }
        try scene.sealift.wait(for: syncing.process, name: syncing.name, toSay: "\"complete\"")
        try scene.sealift.write("two", to: "llm/two")
        try scene.sealift.wait(
            for: syncing.process, name: syncing.name,
            output: { _ in
                scene.exists("in/llm/two")
            })
        syncing.process.interrupt()
        let ended = try scene.sealift.finish(syncing.process, name: syncing.name)
        // Between two rounds, or within one.
        #expect(ended.status == 0 || ended.status == 75, "\(ended.error)")
        for arguments in [["--every", "1s"], ["--yes", "--on-conflict", "rename"]] {
            let refused = try scene.run(
                "bob", ["sync", "ann/llm", "--output", "in"] + arguments)
            #expect(refused.status == 64, "\(arguments)")
        }
    }
}

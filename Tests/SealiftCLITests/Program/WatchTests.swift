import Foundation
import Testing

@Suite("sealift watch")
struct WatchTests {
    /// A rule of `person`'s that takes everything of ann's into the folder `into`.
    private static func rule(_ scene: PeopleScene, _ person: String, into: String) throws {
        try FileManager.default.createDirectory(
            atPath: scene.path(into), withIntermediateDirectories: true)
        let rule = try scene.run(
            person, ["rule", "add", "--from", "ann", "--into", into, "--max-size", "1GB"])
        #expect(rule.status == 0, "\(rule.error)")
    }

    /// Starts to watch `run`.
    private static func watch(
        _ scene: PeopleScene, to contacts: String, _ options: [String]
    ) throws -> (process: Process, name: String, line: String) {
        try scene.start(
            "ann",
            [
                "watch", "run", "--to", contacts, "--settle", "1s", "--json", "--listen",
                "127.0.0.1:0",
            ] + options)
    }

    private static func events(
        _ scene: PeopleScene, _ name: String, _ event: String
    ) throws -> [[String: Any]] {
        try scene.sealift.text("\(name).out").split(separator: "\n").compactMap {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }.filter { $0["event"] as? String == event }
    }

    @Test("brings each checkpoint once, deletes what came with a receipt, and keeps the newest")
    func checkpoints() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try scene.befriend("ann", "bob")
        try Self.rule(scene, "bob", into: "ruled")
        let up = try scene.serve("bob")
        defer { up.process.terminate() }
        let options =
            [
                "--pattern", "*.bin", "--pattern", "step-*/", "--delete-after-receipt",
                "--keep-last", "1",
            ]
            + up.way
        try scene.sealift.writeBytes(400_000, to: "run/a.bin")
        try scene.sealift.write("not a checkpoint", to: "run/notes.txt")
        let first = try Self.watch(scene, to: "bob", options)
        defer { first.process.terminate() }
        try scene.sealift.wait(for: first.process, name: first.name, toSay: "\"received\"")
        #expect(scene.areEqual("run/a.bin", "ruled/a.bin"))
        try scene.sealift.writeBytes(300_000, to: "run/step-2/model.bin")
        try scene.sealift.write("{}", to: "run/step-2/config/x.json")
        try scene.sealift.wait(for: first.process, name: first.name, toSay: "\"deleted\"")
        #expect(!scene.exists("run/a.bin"))
        #expect(scene.areEqual("run/step-2", "ruled/step-2"))
        let received = try Self.events(scene, first.name, "received")
        #expect(received.compactMap { $0["receipt"] as? Bool } == [true, true])
        #expect(received.compactMap { $0["checkpoint"] as? String } == ["a.bin", "step-2"])
        first.process.interrupt()
        let ended = try scene.sealift.finish(first.process, name: first.name)
        #expect(ended.status == 0, "\(ended.error)")

        // A later run knows what bob has; what is new goes, and then the older one.
        let second = try Self.watch(scene, to: "bob", options)
        defer { second.process.terminate() }
        #expect(try Self.events(scene, second.name, "watching").first?["known"] as? Int == 1)
        try scene.sealift.writeBytes(200_000, to: "run/c.bin")
        try scene.sealift.wait(for: second.process, name: second.name, toSay: "\"deleted\"")
        #expect(!scene.exists("run/step-2"))
        #expect(scene.areEqual("run/c.bin", "ruled/c.bin"))
        second.process.interrupt()
        _ = try scene.sealift.finish(second.process, name: second.name)
        let settled = try Self.events(scene, second.name, "settled")
        #expect(settled.compactMap { $0["checkpoint"] as? String } == ["c.bin"])
        #expect(scene.exists("run/notes.txt") && !scene.exists("ruled/notes.txt"))
        #expect(!scene.exists("run/.sealift"))

        let log = try scene.run("ann", ["log", "--json"]).events
        #expect(log.count { $0["kind"] as? String == "deleted" } == 2, "\(log)")
        #expect(try scene.run("ann", ["log", "verify"]).status == 0)
    }

    @Test("deletes nothing before the last contact has it, and waits for one who is away")
    func away() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob", "cat"] { _ = try scene.begin(person) }
        for person in ["bob", "cat"] {
            try scene.befriend("ann", person)
            try Self.rule(scene, person, into: "ruled-\(person)")
        }
        let bob = try scene.serve("bob")
        defer { bob.process.terminate() }
        // Where cat will be once she is back.
        let gone = try scene.serve("cat")
        gone.process.terminate()
        gone.process.waitUntilExit()
        try scene.sealift.writeBytes(100_000, to: "run/a.bin")
        let watching = try Self.watch(
            scene, to: "bob,cat",
            ["--delete-after-receipt"] + bob.way + ["--address", gone.address])
        defer { watching.process.terminate() }
        try scene.sealift.wait(for: watching.process, name: watching.name, toSay: "unreachable")
        try scene.sealift.wait(for: watching.process, name: watching.name, toSay: "\"received\"")
        #expect(scene.exists("run/a.bin"))
        let cat = try scene.serve("cat", at: gone.address)
        defer { cat.process.terminate() }
        try scene.sealift.wait(for: watching.process, name: watching.name, toSay: "\"deleted\"")
        #expect(!scene.exists("run/a.bin"))
        #expect(scene.areEqual("ruled-bob/a.bin", "ruled-cat/a.bin"))
        let received = try Self.events(scene, watching.name, "received")
        #expect(received.compactMap { $0["contact"] as? String } == ["bob", "cat"])
    }

    @Test("is told apart from what cannot be meant")
    func usage() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        _ = try scene.begin("ann")
        for arguments in [
            ["watch", "run", "--to", "bob", "--keep-last", "2"], ["watch", "run", "--to", ","],
            ["watch", "run"], ["watch", "run", "--to", "bob", "--listen", "127.0.0.1:4000"],
        ] {
            #expect(try scene.run("ann", arguments).status == 64, "\(arguments)")
        }
        let unknown = try scene.run("ann", ["watch", ".", "--to", "nobody", "--json"])
        #expect(try unknown.events.last?["code"] as? String == "contact_unknown")
    }
}

import Foundation
import Testing

@Suite("sealift send --to CONTACT/SHARE")
struct UploadTests {
    private static func error(_ outcome: SealiftProcess.Outcome) throws -> String? {
        try outcome.events.last?["code"] as? String
    }

    private static func send(
        _ scene: PeopleScene, _ person: String, _ file: String, to place: String,
        _ serving: PeopleScene.Serving
    ) throws -> SealiftProcess.Outcome {
        try scene.run(
            person,
            ["send", file, "--to", place, "--json", "--listen", "127.0.0.1:0"] + serving.way)
    }

    /// Makes ann, who shares a folder with bob as an editor and eve as a viewer.
    private static func scene(_ options: [String] = []) throws -> PeopleScene {
        let scene = try PeopleScene()
        for person in ["ann", "bob", "eve"] { _ = try scene.begin(person) }
        try scene.befriend("ann", "bob")
        try scene.befriend("ann", "eve")
        try FileManager.default.createDirectory(
            atPath: scene.path("data/runs"), withIntermediateDirectories: true)
        try Data("read me".utf8).write(to: URL(filePath: scene.path("data/README")))
        let added = try scene.run(
            "ann",
            ["share", "add", "data", "--with", "bob:editor", "--with", "eve:viewer"] + options)
        #expect(added.status == 0, "\(added.error)")
        return scene
    }

    @Test(
        "puts it there whole with a receipt of both, beside what is there, and takes none of a viewer"
    )
    func upload() throws {
        let scene = try Self.scene()
        defer { scene.end() }
        let up = try scene.serve("ann")
        defer { up.process.terminate() }
        try scene.sealift.writeBytes(700_000, to: "run.bin")
        let sent = try Self.send(scene, "bob", "run.bin", to: "ann/data/runs", up)
        #expect(sent.status == 0, "\(sent.error)\(sent.output)")
        // No ticket is shown to anybody.
        #expect(!sent.output.contains("sealift1"))
        #expect(scene.areEqual("run.bin", "data/runs/run.bin"))
        try scene.sealift.wait(for: up.process, name: up.name, toSay: "upload_ended")
        #expect(try scene.sealift.text("\(up.name).out").contains("upload_began"))

        // The same name again: what is there stays. A folder that is missing is made.
        try Data("other".utf8).write(to: URL(filePath: scene.path("elsewhere.bin")))
        try FileManager.default.createDirectory(
            atPath: scene.path("other"), withIntermediateDirectories: true)
        try FileManager.default.moveItem(
            atPath: scene.path("elsewhere.bin"), toPath: scene.path("other/run.bin"))
        let again = try Self.send(scene, "bob", "other/run.bin", to: "ann/data/runs", up)
        #expect(again.status == 0, "\(again.error)")
        #expect(scene.areEqual("run.bin", "data/runs/run.bin"))
        let names = try FileManager.default.contentsOfDirectory(atPath: scene.path("data/runs"))
        #expect(names.filter { !$0.hasPrefix(".") }.count == 2, "\(names)")
        let whole = try Self.send(scene, "bob", "other", to: "ann/data/new/deep", up)
        #expect(whole.status == 0, "\(whole.error)")
        #expect(scene.areEqual("other/run.bin", "data/new/deep/other/run.bin"))

        let refused = try Self.send(scene, "eve", "run.bin", to: "ann/data/runs", up)
        #expect(refused.status == 7, "\(refused.error)")
        #expect(try Self.error(refused) == "access_denied")
        #expect(refused.error.contains("editor"))
        for place in ["ann/none", "ann/data2/runs"] {
            let unknown = try Self.send(scene, "bob", "run.bin", to: place, up)
            #expect(try Self.error(unknown) == "share_unknown", "\(place) \(unknown.error)")
        }

        // Both logs tell of it, with a receipt each, and hold.
        let log = try scene.run("ann", ["log", "--json"]).events
        let letIn = try #require(
            log.first {
                ($0["reason"] as? String)?.hasPrefix("share_") == true
                    && $0["kind"] as? String == "accepted"
            })
        #expect(letIn["contact"] as? String == "bob" && letIn["share"] as? String == "data")
        #expect(
            log.contains {
                $0["decision"] as? String == "share" && $0["result"] as? String == "complete"
                    && $0["direction"] as? String == "received"
            })
        #expect(log.contains { $0["reason"] as? String == "upload_role" })
        for person in ["ann", "bob"] {
            let verified = try scene.run(person, ["log", "verify", "--json"])
            #expect(verified.status == 0, "\(verified.error)")
            let witnesses = try verified.events.last?["witnesses"] as? Int
            #expect(try #require(witnesses) >= 3)
        }
    }

    @Test("leads out of the share by no name, through no link, and into no file")
    func escapes() throws {
        let scene = try Self.scene()
        defer { scene.end() }
        let files = FileManager.default
        try files.createDirectory(
            atPath: scene.path("outside"), withIntermediateDirectories: true)
        for link in ["data/away", "data/runs/away"] {
            try files.createSymbolicLink(
                atPath: scene.path(link), withDestinationPath: scene.path("outside"))
        }
        try scene.sealift.writeBytes(1_000, to: "one.bin")
        let single = try scene.run("ann", ["share", "add", "one.bin", "--with", "bob:editor"])
        #expect(single.status == 0, "\(single.error)")
        let up = try scene.serve("ann")
        defer { up.process.terminate() }
        try scene.sealift.writeBytes(2_000, to: "two.bin")
        for (place, code) in [
            ("ann/data/../outside", "usage"), ("ann/data/./runs", "usage"),
            ("ann/data/away", "access_denied"), ("ann/data/runs/away/in", "access_denied"),
            ("ann/data/README", "access_denied"), ("ann/data/.sealift", "access_denied"),
            ("ann/one.bin", "access_denied"),
        ] {
            let refused = try Self.send(scene, "bob", "two.bin", to: place, up)
            #expect(refused.status != 0, "\(place) \(refused.error)")
            #expect(try Self.error(refused) == code)
        }
        #expect(try files.contentsOfDirectory(atPath: scene.path("outside")).isEmpty)
        #expect(try files.contentsOfDirectory(atPath: scene.path("data/runs")) == ["away"])
    }

    @Test("counts against the quota what comes, and takes nothing that would pass it")
    func quota() throws {
        let scene = try Self.scene(["--quota", "900kB"])
        defer { scene.end() }
        let up = try scene.serve("ann")
        defer { up.process.terminate() }
        try scene.sealift.writeBytes(1_000_000, to: "large.bin")
        let large = try Self.send(scene, "bob", "large.bin", to: "ann/data", up)
        #expect(large.status == 7, "\(large.error)")
        #expect(try Self.error(large) == "access_denied")
        #expect(large.error.contains("quota"))
        try scene.sealift.writeBytes(600_000, to: "first.bin")
        try scene.sealift.writeBytes(500_000, to: "second.bin")
        let first = try Self.send(scene, "bob", "first.bin", to: "ann/data", up)
        #expect(first.status == 0, "\(first.error)")
        try scene.sealift.wait(for: up.process, name: up.name, toSay: "upload_ended")
        let second = try Self.send(scene, "bob", "second.bin", to: "ann/data", up)
        #expect(try Self.error(second) == "access_denied", "\(second.error)")
        let members = try scene.run("ann", ["share", "members", "data", "--json"]).events
        let bob = try #require(
            (members.first?["members"] as? [[String: Any]])?.first {
                $0["contact"] as? String == "bob"
            })
        #expect(try #require(bob["moved_bytes"] as? Int) >= 600_000)
        #expect(!scene.exists("data/large.bin") && !scene.exists("data/second.bin"))
    }

    @Test("is cut when the right to it is revoked, and its sender is told")
    func revoked() throws {
        let scene = try Self.scene()
        defer { scene.end() }
        let up = try scene.serve("ann")
        defer { up.process.terminate() }
        try scene.sealift.writeBytes(30_000_000, to: "big.bin")
        // Slow enough that it cannot be over before it is revoked.
        let sending = try scene.start(
            "bob",
            [
                "send", "big.bin", "--to", "ann/data", "--json", "--listen", "127.0.0.1:0",
                "--rate", "1mbit",
            ] + up.way)
        defer { sending.process.terminate() }
        try scene.sealift.wait(for: sending.process, name: sending.name, toSay: "\"progress\"")
        #expect(try scene.run("ann", ["share", "revoke", "data", "bob"]).status == 0)
        try scene.sealift.wait(for: up.process, name: up.name, toSay: "upload_ended")
        let ended = try scene.sealift.finish(sending.process, name: sending.name)
        #expect(ended.status == 64, "\(ended.error)")
        #expect(try Self.error(ended) == "share_unknown")
        #expect(!scene.exists("data/big.bin"))
        let said = try scene.sealift.text("\(up.name).out")
        #expect(said.contains("\"declined\""), "\(said)")
        // Again a member, what was proven is not sent again.
        #expect(try scene.run("ann", ["share", "grant", "data", "bob:editor"]).status == 0)
        let again = try Self.send(scene, "bob", "big.bin", to: "ann/data", up)
        #expect(again.status == 0, "\(again.error)")
        #expect(scene.areEqual("big.bin", "data/big.bin"))
    }
}

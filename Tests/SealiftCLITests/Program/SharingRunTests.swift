import Foundation
import Glibc
import Testing

@Suite("sealift up, browse, get, send --to and inbox")
struct SharingRunTests {
    /// A machine of `person`'s that serves, and where it can be reached.
    private struct Serving {
        let process: Process
        let name: String
        let address: String
    }

    private static func serve(
        _ scene: PeopleScene, _ person: String, _ options: [String] = []
    ) throws -> Serving {
        let started = try scene.start(
            person, ["up", "--json", "--no-signaling", "--listen", "127.0.0.1:0"] + options)
        let event = try #require(
            JSONSerialization.jsonObject(with: Data(started.line.utf8)) as? [String: Any])
        let address = try #require((event["addresses"] as? [String])?.first)
        return Serving(process: started.process, name: started.name, address: address)
    }

    private static func at(_ serving: Serving) -> [String] {
        ["--address", serving.address, "--no-signaling", "--no-lan"]
    }

    /// Makes ann and bob verified contacts by a file from hand to hand.
    private static func pair(_ scene: PeopleScene, _ one: String, _ other: String) throws {
        let waiting = try scene.start(
            one,
            [
                "contact", "export", "--json", "--in-person", "--listen", "127.0.0.1:0", "--wait",
                "120s", "--name", other, "invitation-\(one)-\(other)",
            ])
        defer { waiting.process.terminate() }
        let imported = try scene.run(
            other,
            [
                "contact", "import", "--json", "--in-person", "--name", one,
                "invitation-\(one)-\(other)",
            ])
        #expect(imported.status == 0, "\(imported.error)")
        let exported = try scene.sealift.finish(waiting.process, name: waiting.name)
        #expect(exported.status == 0, "\(exported.error)")
    }

    private static func tree(_ scene: PeopleScene, _ name: String) throws -> URL {
        let folder = scene.sealift.folder.appendingPathComponent(name)
        let files = FileManager.default
        try files.createDirectory(
            at: folder.appendingPathComponent("weights"), withIntermediateDirectories: true)
        try files.createDirectory(
            at: folder.appendingPathComponent("private"), withIntermediateDirectories: true)
        try Data("read me".utf8).write(to: folder.appendingPathComponent("README"))
        try Data((0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
            .write(to: folder.appendingPathComponent("weights/a.bin"))
        try Data("secret".utf8).write(to: folder.appendingPathComponent("private/key"))
        return folder
    }

    private static func error(_ outcome: SealiftProcess.Outcome) throws -> String? {
        try outcome.events.last?["code"] as? String
    }

    @Test("show a member exactly what was granted, give it proven, and nothing to anybody else")
    func shares() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob", "eve"] { _ = try scene.begin(person) }
        try Self.pair(scene, "ann", "bob")
        try Self.pair(scene, "ann", "eve")
        let folder = try Self.tree(scene, "model-folder")
        let added = try scene.run(
            "ann", ["share", "add", folder.path, "--name", "llm", "--with", "bob:viewer"])
        #expect(added.status == 0, "\(added.error)")
        let part = try scene.run(
            "ann",
            ["share", "add", folder.path, "--name", "part", "--with", "bob", "--path", "weights"])
        #expect(part.status == 0, "\(part.error)")
        let up = try Self.serve(scene, "ann")
        defer { up.process.terminate() }

        let seen = try scene.run("bob", ["browse", "ann", "--json"] + Self.at(up))
        #expect(seen.status == 0, "\(seen.error)")
        #expect(Set(try seen.events.compactMap { $0["name"] as? String }) == ["llm", "part"])
        let inside = try scene.run("bob", ["browse", "ann/part", "--json"] + Self.at(up))
        #expect(try inside.events.compactMap { $0["name"] as? String } == ["weights"])
        let files = try scene.run("bob", ["browse", "ann/part/weights", "--json"] + Self.at(up))
        #expect(try files.events.compactMap { $0["size"] as? Int } == [700_000])

        let got = try scene.run(
            "bob", ["get", "ann/llm", "--yes", "--json", "--output", "whole"] + Self.at(up))
        #expect(got.status == 0, "\(got.error)\(got.output)")
        let compared = FileManager.default.contentsEqual(
            atPath: folder.path, andPath: scene.sealift.folder.path + "/whole/llm")
        #expect(compared)
        let gotPart = try scene.run(
            "bob", ["get", "ann/part", "--yes", "--json", "--output", "some"] + Self.at(up))
        #expect(gotPart.status == 0, "\(gotPart.error)")
        let some = try FileManager.default.subpathsOfDirectory(
            atPath: scene.sealift.folder.path + "/some"
        ).sorted()
        #expect(
            some.filter { !$0.hasPrefix(".sealift") } == [
                "part", "part/weights", "part/weights/a.bin",
            ])

        // What lies beside the grant is not there, however it is asked for.
        for place in ["ann/part/private", "ann/part/README", "ann/none", "ann/part/weights/b"] {
            let refused = try scene.run("bob", ["browse", place, "--json"] + Self.at(up))
            #expect(try Self.error(refused) == "share_unknown", "\(place) \(refused.error)")
        }
        for place in ["ann/part/private", "ann/part/README", "ann/none"] {
            let refused = try scene.run(
                "bob", ["get", place, "--yes", "--json", "--output", "no"] + Self.at(up))
            #expect(try Self.error(refused) == "share_unknown", "\(place) \(refused.error)")
        }
        for place in ["ann/part/../private", "ann/part/./weights", "ann/part//weights"] {
            let refused = try scene.run("bob", ["browse", place, "--json"] + Self.at(up))
            #expect(try Self.error(refused) == "usage", "\(place)")
        }
        // A contact with no grant sees nothing; by the same words as where there is nothing.
        let other = try scene.run("eve", ["browse", "ann", "--json"] + Self.at(up))
        #expect(other.status == 0 && other.output == "", "\(other.error)")
        let stolen = try scene.run(
            "eve", ["get", "ann/llm", "--yes", "--json", "--output", "no"] + Self.at(up))
        #expect(try Self.error(stolen) == "share_unknown")
        #expect(!FileManager.default.fileExists(atPath: scene.sealift.folder.path + "/no"))

        // Both logs tell of it, and hold.
        let log = try scene.run("ann", ["log", "--json"]).events
        #expect(
            log.contains {
                $0["decision"] as? String == "share" && $0["result"] as? String == "complete"
            })
        for person in ["ann", "bob"] {
            let verified = try scene.run(person, ["log", "verify"])
            #expect(verified.status == 0, "\(verified.error)")
        }
    }

    @Test(
        "find each other through a server as often as they like, one question after the other",
        .enabled(if: PeopleScene.hasNetwork, "this machine has only loopback addresses"))
    func server() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try Self.pair(scene, "ann", "bob")
        let up = try scene.start("ann", ["up", "--json", "--no-lan"])
        defer { up.process.terminate() }
        // More than may be live at once: each makes room for the next.
        for number in 1...4 {
            let seen = try scene.run("bob", ["browse", "ann", "--json", "--no-lan"])
            #expect(seen.status == 0, "\(number): \(seen.error)")
        }
    }

    @Test("hear nothing of who is blocked or was never added: as of a machine that is off")
    func silence() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try Self.pair(scene, "ann", "bob")
        let up = try Self.serve(scene, "ann")
        defer { up.process.terminate() }
        #expect(try scene.run("bob", ["browse", "ann"] + Self.at(up)).status == 0)
        #expect(try scene.run("ann", ["contact", "block", "bob"]).status == 0)
        let blocked = try scene.run("bob", ["browse", "ann", "--json"] + Self.at(up))
        #expect(try Self.error(blocked) == "cannot_connect")
        #expect(try scene.run("ann", ["contact", "unblock", "bob"]).status == 0)
        #expect(try scene.run("ann", ["contact", "remove", "bob"]).status == 0)
        let removed = try scene.run("bob", ["browse", "ann", "--json"] + Self.at(up))
        #expect(try Self.error(removed) == "cannot_connect")
        #expect(removed.error == blocked.error)
        let unknown = try scene.run("bob", ["browse", "nobody", "--json"] + Self.at(up))
        #expect(try Self.error(unknown) == "contact_unknown")
    }

    @Test(
        "find each other through a server, with no address told",
        .enabled(if: PeopleScene.hasNetwork, "this machine has only loopback addresses"))
    func called() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try Self.pair(scene, "ann", "bob")
        try scene.sealift.writeBytes(100_000, to: "one.bin")
        #expect(try scene.run("ann", ["share", "add", "one.bin", "--with", "bob"]).status == 0)
        let up = try scene.start("ann", ["up", "--json", "--no-lan", "--no-port-mapping"])
        defer { up.process.terminate() }
        let got = try scene.run(
            "bob",
            [
                "get", "ann/one.bin", "--yes", "--json", "--no-lan", "--no-port-mapping",
                "--output", "in",
            ])
        #expect(got.status == 0, "\(got.error)\(got.output)")
        let root = scene.sealift.folder.path
        #expect(
            FileManager.default.contentsEqual(
                atPath: root + "/one.bin", andPath: root + "/in/one.bin"))
    }

    @Test("give nothing more once the quota is used up, however quick the downloads are")
    func quota() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try Self.pair(scene, "ann", "bob")
        try scene.sealift.writeBytes(700_000, to: "one.bin")
        let added = try scene.run(
            "ann", ["share", "add", "one.bin", "--with", "bob", "--quota", "900kB"])
        #expect(added.status == 0, "\(added.error)")
        let up = try Self.serve(scene, "ann")
        defer { up.process.terminate() }
        var codes: [String?] = []
        for place in ["first", "second", "third"] {
            let got = try scene.run(
                "bob", ["get", "ann/one.bin", "--yes", "--json", "--output", place] + Self.at(up))
            codes.append(got.status == 0 ? nil : try Self.error(got))
            // The sender's last word, and the count with it, come after the receiver's end.
            let served = codes.count { $0 == nil }
            try scene.sealift.wait(
                for: up.process, name: up.name,
                output: { output in
                    output.components(separatedBy: "download_ended").count > served
                })
        }
        #expect(codes[0] == nil && codes[2] == "access_denied", "\(codes)")
        let members = try scene.run("ann", ["share", "members", "one.bin", "--json"]).events
        let member = try #require((members.first?["members"] as? [[String: Any]])?.first)
        #expect(try #require(member["moved_bytes"] as? Int) >= 1_400_000)
    }

    @Test("cut a download when the right to it is revoked")
    func revoked() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try Self.pair(scene, "ann", "bob")
        try scene.sealift.writeBytes(30_000_000, to: "big.bin")
        let added = try scene.run(
            "ann",
            ["share", "add", "big.bin", "--name", "big", "--with", "bob"])
        #expect(added.status == 0, "\(added.error)")
        // Slow enough that it cannot be over before it is revoked.
        let up = try Self.serve(scene, "ann", ["--rate", "1mbit"])
        defer { up.process.terminate() }
        let getting = try scene.start(
            "bob", ["get", "ann/big", "--yes", "--json", "--output", "in"] + Self.at(up), line: 2)
        defer { getting.process.terminate() }
        #expect(try scene.run("ann", ["share", "revoke", "big", "bob"]).status == 0)
        try scene.sealift.wait(for: up.process, name: up.name, toSay: "download_ended")
        getting.process.interrupt()
        let ended = try scene.sealift.finish(getting.process, name: getting.name)
        #expect(ended.status != 0)
        #expect(
            !FileManager.default.fileExists(atPath: scene.sealift.folder.path + "/in/big.bin"))
        let again = try scene.run(
            "bob", ["get", "ann/big", "--yes", "--json", "--output", "in"] + Self.at(up))
        #expect(try Self.error(again) == "share_unknown")
    }

    @Test("push nothing unasked: an offer waits for a yes by hand, or is taken by a rule")
    func offers() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try Self.pair(scene, "ann", "bob")
        let up = try Self.serve(scene, "bob")
        defer { up.process.terminate() }
        try scene.sealift.writeBytes(200_000, to: "one.bin")
        let sending = try scene.start(
            "ann",
            ["send", "one.bin", "--to", "bob", "--json", "--listen", "127.0.0.1:0"]
                + Self.at(up), line: 1)
        defer { sending.process.terminate() }
        // No ticket is shown to anybody.
        #expect(!(try scene.sealift.text("\(sending.name).out")).contains("sealift1"))
        try scene.sealift.wait(for: up.process, name: up.name, toSay: "\"offered\"")
        let inbox = try scene.run("bob", ["inbox", "list", "--json"]).events
        #expect(inbox.count == 1 && inbox.first?["state"] as? String == "waiting")
        let id = try #require(inbox.first?["id"] as? String)
        let taken = try scene.run(
            "bob",
            ["inbox", "accept", String(id.prefix(8)), "--yes", "--json", "--output", "inbox"])
        #expect(taken.status == 0, "\(taken.error)")
        let sent = try scene.sealift.finish(sending.process, name: sending.name)
        #expect(sent.status == 0, "\(sent.error)")
        let root = scene.sealift.folder.path
        #expect(
            FileManager.default.contentsEqual(
                atPath: root + "/one.bin", andPath: root + "/inbox/one.bin"))
        let done = try scene.run("bob", ["inbox", "list", "--all", "--json"]).events
        #expect(done.first?["state"] as? String == "done")

        // By a rule: within its size, and not beyond.
        try FileManager.default.createDirectory(
            atPath: root + "/ruled", withIntermediateDirectories: true)
        let rule = try scene.run(
            "bob", ["rule", "add", "--from", "ann", "--into", "ruled", "--max-size", "300kB"])
        #expect(rule.status == 0, "\(rule.error)")
        try scene.sealift.writeBytes(250_000, to: "two.bin")
        let ruled = try scene.run(
            "ann",
            ["send", "two.bin", "--to", "bob", "--json", "--listen", "127.0.0.1:0"] + Self.at(up))
        #expect(ruled.status == 0, "\(ruled.error)\(ruled.output)")
        #expect(
            FileManager.default.contentsEqual(
                atPath: root + "/two.bin", andPath: root + "/ruled/two.bin"))
        for person in ["ann", "bob"] {
            let verified = try scene.run(person, ["log", "verify"])
            #expect(verified.status == 0, "\(verified.error)")
        }
    }
}

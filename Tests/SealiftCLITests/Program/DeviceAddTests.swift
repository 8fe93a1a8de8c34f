import Foundation
import Glibc
import Testing

@Suite("sealift device add")
struct DeviceAddTests {
    /// Makes `guest` a device of `host`'s user, by a file, over the loopback.
    /// - Returns: what both said.
    @discardableResult
    private static func link(
        _ scene: PeopleScene, _ host: String, words: String, _ guest: String, called name: String
    ) throws -> (host: SealiftProcess.Outcome, guest: SealiftProcess.Outcome) {
        let file = "link-\(host)-\(guest)"
        let waiting = try scene.start(
            host,
            [
                "device", "add", "--json", "--yes", "--words-file", words, "--export", file,
                "--listen", "127.0.0.1:0", "--wait", "120s",
            ])
        defer { waiting.process.terminate() }
        let joined = try scene.run(
            guest,
            [
                "device", "add", "--join", "--json", "--no-passphrase", "--name", name, "--from",
                file,
            ])
        if joined.status != 0 { waiting.process.interrupt() }
        return (try scene.sealift.finish(waiting.process, name: waiting.name), joined)
    }

    /// Makes two people verified contacts by a file from hand to hand.
    private static func pair(_ scene: PeopleScene, _ one: String, _ other: String) throws {
        let file = "invitation-\(one)-\(other)"
        let waiting = try scene.start(
            one,
            [
                "contact", "export", "--json", "--in-person", "--listen", "127.0.0.1:0", "--wait",
                "120s", "--name", other, file,
            ])
        defer { waiting.process.terminate() }
        let imported = try scene.run(
            other, ["contact", "import", "--json", "--in-person", "--name", one, file])
        #expect(imported.status == 0, "\(imported.error)")
        let exported = try scene.sealift.finish(waiting.process, name: waiting.name)
        #expect(exported.status == 0, "\(exported.error)")
    }

    private static func serve(
        _ scene: PeopleScene, _ person: String
    ) throws -> (process: Process, name: String, line: String, address: [String]) {
        let started = try scene.start(
            person, ["up", "--json", "--no-signaling", "--listen", "127.0.0.1:0"])
        let event = try #require(
            JSONSerialization.jsonObject(with: Data(started.line.utf8)) as? [String: Any])
        let address = try #require((event["addresses"] as? [String])?.first)
        return (
            started.process, started.name, started.line,
            ["--address", address, "--no-signaling", "--no-lan"]
        )
    }

    private static func devices(
        _ scene: PeopleScene, _ home: String
    ) throws -> (devices: [[String: Any]], unaware: [String]) {
        let outcome = try scene.run(home, ["device", "list", "--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let events = try outcome.events
        return (
            events.filter { $0["event"] as? String == "device" },
            events.last?["unaware"] as? [String] ?? ["?"]
        )
    }

    private static func reasons(_ scene: PeopleScene, _ home: String) throws -> [String] {
        #expect(try scene.run(home, ["log", "verify"]).status == 0)
        return try scene.run(home, ["log", "--json"]).events.compactMap { $0["reason"] as? String }
    }

    @Test("makes a machine a device with the contacts, each side's log says so, and nothing twice")
    func linked() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try Self.pair(scene, "ann", "bob")
        // Other words than the identity's add nothing.
        let wrong = try Self.link(scene, "ann", words: "words-bob", "laptop", called: "laptop")
        #expect(wrong.host.status != 0 && wrong.guest.status != 0)
        #expect(try wrong.host.events.last?["code"] as? String == "words_wrong")
        #expect(try scene.run("laptop", ["contact", "list"]).status == 6)
        let right = try Self.link(scene, "ann", words: "words-ann", "laptop", called: "laptop")
        #expect(right.host.status == 0 && right.guest.status == 0, "\(right)")
        let added = try #require(try right.host.events.last)
        #expect(added["event"] as? String == "device_added" && added["name"] as? String == "laptop")
        #expect(added["contacts"] as? Int == 1)
        let joined = try #require(try right.guest.events.last)
        #expect(joined["event"] as? String == "joined" && joined["contacts"] as? Int == 1)
        for home in ["ann", "laptop"] {
            let listed = try Self.devices(scene, home)
            #expect(listed.devices.count == 2)
            #expect(listed.devices.allSatisfy { $0["active"] as? Bool == true })
            #expect(listed.devices.last?["name"] as? String == "laptop")
            #expect(listed.unaware == ["bob"])
        }
        #expect(try scene.run("laptop", ["contact", "list"]).output.contains("bob"))
        #expect(try Self.reasons(scene, "ann") == ["identity_begun", "added", "device_added"])
        #expect(try Self.reasons(scene, "laptop") == ["device_joined"])
        // A machine that has an identity joins no other.
        let again = try scene.run(
            "laptop", ["device", "add", "--join", "--json", "--no-passphrase", "--from", "x"])
        #expect(again.status == 7)
        // A file for contacts is none for devices.
        let file = try scene.run(
            "tablet",
            ["device", "add", "--join", "--json", "--no-passphrase", "--from", "words-ann"])
        #expect(try file.events.last?["code"] as? String == "invitation_unusable")
    }

    @Test("lets the new device speak with a contact once the old one has, and ends one for good")
    func introduced() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try Self.pair(scene, "ann", "bob")
        try scene.sealift.write("read me", to: "folder/README")
        let folder = scene.sealift.folder.path + "/folder"
        #expect(
            try scene.run("bob", ["share", "add", folder, "--name", "llm", "--with", "ann:viewer"])
                .status == 0)
        let linked = try Self.link(
            scene, "ann", words: "words-ann", "laptop", called: "laptop")
        #expect(linked.host.status == 0 && linked.guest.status == 0, "\(linked)")
        let bob = try Self.serve(scene, "bob")
        defer { bob.process.terminate() }
        let browse = ["browse", "bob", "--json"] + bob.address
        // Ann's first device shows bob the new list, and introduces the laptop.
        let first = try scene.run("ann", browse)
        #expect(first.status == 0, "\(first.output)\(first.error)")
        #expect(try Self.devices(scene, "ann").unaware == [])
        for _ in 0..<2 {
            let seen = try scene.run("laptop", browse)
            #expect(seen.status == 0, "\(seen.output)\(seen.error)")
            #expect(try seen.events.compactMap { $0["name"] as? String } == ["llm"])
        }
        #expect(try Self.devices(scene, "laptop").unaware == [])
        let got = try scene.run(
            "laptop", ["get", "bob/llm", "--yes", "--json", "--output", "got"] + bob.address)
        #expect(got.status == 0, "\(got.output)\(got.error)")
        #expect(try scene.sealift.text("got/llm/README") == "read me")
        let reasons = try Self.reasons(scene, "bob")
        #expect(reasons.filter { $0 == "devices_changed" }.count == 1)
        #expect(reasons.filter { $0 == "device_introduced" }.count == 1)
        // The laptop is lost: bob hears it from the other device, and answers it no more.
        let fingerprint = try #require(
            try Self.devices(scene, "ann").devices.last?["device"] as? String)
        let revoked = try scene.run(
            "ann",
            [
                "device", "revoke", "--json", "--reason", "lost", "--words-file", "words-ann",
                fingerprint,
            ])
        #expect(revoked.status == 0, "\(revoked.error)")
        #expect(try Self.devices(scene, "ann").unaware == ["bob"])
        #expect(try scene.run("ann", browse).status == 0)
        #expect(try Self.devices(scene, "ann").unaware == [])
        let refused = try scene.run("laptop", browse)
        #expect(refused.status != 0, "\(refused.output)")
        bob.process.interrupt()
        #expect(try scene.sealift.finish(bob.process, name: bob.name).status == 0)
    }

    @Test(
        "catches up through a contact with what another device of the user did, and says so loudly")
    func behind() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        try Self.pair(scene, "ann", "bob")
        let bob = try Self.serve(scene, "bob")
        defer { bob.process.terminate() }
        let browse = ["browse", "bob", "--json"] + bob.address
        func link(_ host: String, _ guest: String) throws {
            let linked = try Self.link(scene, host, words: "words-ann", guest, called: guest)
            #expect(linked.host.status == 0 && linked.guest.status == 0, "\(linked)")
        }
        try link("ann", "laptop")
        #expect(try scene.run("ann", browse).status == 0)
        // The laptop adds a device, and bob hears it from the laptop.
        try link("laptop", "tablet")
        #expect(try scene.run("laptop", browse).status == 0)
        let tablet = try #require(
            try Self.devices(scene, "laptop").devices.last?["device"] as? String)
        func warnings(_ arguments: [String]) throws -> [String] {
            let seen = try scene.run("ann", arguments)
            #expect(seen.status == 0, "\(seen.output)\(seen.error)")
            return try seen.events.filter { $0["event"] as? String == "warning" }
                .compactMap { $0["message"] as? String }
        }
        let files = FileManager.default
        let yesterday = scene.sealift.folder.appendingPathComponent("yesterday")
        try files.copyItem(at: scene.home("ann"), to: yesterday)
        for isPutBack in [false, true] {
            if isPutBack {
                // The same again, and told again, where the whole home is put back.
                try files.removeItem(at: scene.home("ann"))
                try files.moveItem(at: yesterday, to: scene.home("ann"))
            }
            #expect(try Self.devices(scene, "ann").devices.count == 2)
            let told = try warnings(browse)
            #expect(told.count == 1 && told.first?.contains("adds device \(tablet)") == true)
            #expect(told.first?.contains("this machine was behind: bob knew") == true, "\(told)")
            #expect(try Self.devices(scene, "ann").devices.count == 3)
            #expect(try Self.reasons(scene, "ann").filter { $0 == "chain_gained" }.count == 1)
            #expect(try warnings(browse) == [])
        }
        bob.process.interrupt()
        let served = try scene.sealift.finish(bob.process, name: bob.name)
        #expect(served.status == 0 && !served.output.contains("warning"), "\(served.output)")
        // Bob learned nothing from the device that was behind.
        #expect(
            try Self.reasons(scene, "bob").filter { $0 == "devices_changed" }.count == 2)
    }
}

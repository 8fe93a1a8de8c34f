import Foundation
import Glibc
import Testing

@Suite("sealift pair and sealift contact")
struct PairTests {
    private static func contact(
        _ scene: PeopleScene, of person: String, _ name: String
    ) throws -> [String: Any] {
        let outcome = try scene.run(person, ["contact", "show", "--json", name])
        #expect(outcome.status == 0, "\(outcome.error)")
        return try #require(try outcome.events.first)
    }

    /// Pairs two people by an invitation's file, over the loopback.
    private static func invite(
        _ scene: PeopleScene, exporting: [String] = [], importing: [String] = []
    ) throws -> (SealiftProcess.Outcome, SealiftProcess.Outcome) {
        let sealift = scene.sealift
        let waiting = try scene.start(
            "ann",
            ["contact", "export", "--json", "--listen", "127.0.0.1:0", "--wait", "120s", "--name"]
                + (exporting.isEmpty ? ["bob"] : exporting) + ["invitation"])
        defer { waiting.process.terminate() }
        let imported = try scene.run(
            "bob",
            ["contact", "import", "--json", "--name"]
                + (importing.isEmpty ? ["ann"] : importing) + ["invitation"])
        if imported.status != 0 { waiting.process.interrupt() }
        return (try sealift.finish(waiting.process, name: waiting.name), imported)
    }

    @Test(
        "make two people verified contacts of each other, by a code, and again",
        .enabled(if: PeopleScene.hasNetwork, "this machine has only loopback addresses"))
    func code() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        let (ann, bob) = (try scene.begin("ann"), try scene.begin("bob"))
        let (shown, typed) = try scene.pair("ann", calls: "bob", "bob", calls: "ann")
        #expect(shown.status == 0 && typed.status == 0, "\(shown.error) \(typed.error)")
        let annsBob = try Self.contact(scene, of: "ann", "bob")
        let bobsAnn = try Self.contact(scene, of: "bob", "ann")
        #expect(annsBob["identity"] as? String == bob["identity"] as? String)
        #expect(bobsAnn["identity"] as? String == ann["identity"] as? String)
        #expect(annsBob["safety_number"] as? String == bobsAnn["safety_number"] as? String)
        #expect(annsBob["verified"] as? Bool == true && annsBob["evidence"] as? String == "code")
        // Pairing again renews; no name is asked for, and none may be another.
        let again = try scene.pair("bob", calls: "ann", "ann", calls: "bob")
        #expect(again.0.status == 0 && again.1.status == 0, "\(again.0.error) \(again.1.error)")
        #expect(try again.0.events.last?["new"] as? Bool == false)
        for person in ["ann", "bob"] {
            let log = try scene.run(person, ["log", "--json"]).events
            #expect(
                log.map { $0["reason"] as? String } == ["identity_begun", "added", "paired_again"])
            #expect(log.last?["decision"] as? String == "code")
            #expect(try scene.run(person, ["log", "verify"]).status == 0)
        }
    }

    @Test(
        "tell both of a wrong word, and use the code up",
        .enabled(if: PeopleScene.hasNetwork, "this machine has only loopback addresses"))
    func wrongWord() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        let waiting = try scene.start("ann", ["pair", "--name", "bob", "--wait", "120s"])
        defer { waiting.process.terminate() }
        let code = waiting.line
        let last = try #require(code.split(separator: "-").last)
        let other = code.dropLast(last.count) + (last == "abandon" ? "ability" : "abandon")
        let wrong = try scene.run(
            "bob", ["pair", "--accept", "--name", "ann", "--json"], input: "\(other)\n")
        #expect(wrong.status == 4)
        #expect(try wrong.events.last?["code"] as? String == "code_wrong")
        try scene.sealift.wait(
            for: waiting.process, name: waiting.name, toSay: "somebody gave a wrong code")
        let next = try scene.line(1, of: waiting)
        #expect(next != code)
        // The right words of the dead code are nobody's now.
        let late = try scene.run(
            "bob", ["pair", "--accept", "--name", "ann", "--json"], input: "\(code)\n")
        #expect(try late.events.last?["code"] as? String == "code_unknown")
        #expect(try scene.run("bob", ["contact", "list"]).output == "")
        // A code for pairing sends nobody a file, and is used up by the try.
        let receive = try scene.run("bob", ["receive", "--yes", "--json"], input: "\(next)\n")
        #expect(try receive.events.last?["code"] as? String == "code_wrong")
        waiting.process.interrupt()
        #expect(try scene.sealift.finish(waiting.process, name: waiting.name).status == 75)
    }

    @Test(
        "make contacts by a file with no server: not verified until numbers are compared, or in person"
    )
    func invitation() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        let (exported, imported) = try Self.invite(scene)
        #expect(exported.status == 0 && imported.status == 0, "\(exported.error) \(imported.error)")
        // What was used is gone.
        let file = scene.sealift.folder.path + "/invitation"
        #expect(!FileManager.default.fileExists(atPath: file))
        let list = try scene.run("ann", ["contact", "list"])
        #expect(list.output.contains("bob") && list.output.contains("NOT VERIFIED"))
        let number = try #require(
            try Self.contact(scene, of: "bob", "ann")["safety_number"] as? String)
        let wrong = try scene.run(
            "ann", ["contact", "verify", "bob", "--json", "--number", "0" + number.dropFirst()])
        let mistaken = number.first == "0"
        if !mistaken {
            #expect(wrong.status == 5)
            #expect(try wrong.events.last?["code"] as? String == "safety_number_differs")
        }
        let right = try scene.run(
            "ann", ["contact", "verify", "bob", "--json", "--number", number])
        #expect(right.status == 0)
        #expect(try right.events.last?["evidence"] as? String == "safety_number")
        // Paired again from hand to hand.
        let again = try Self.invite(
            scene, exporting: ["bob", "--in-person"], importing: ["ann", "--in-person"])
        #expect(again.0.status == 0 && again.1.status == 0, "\(again.0.error) \(again.1.error)")
        #expect(try Self.contact(scene, of: "bob", "ann")["evidence"] as? String == "in_person")
    }

    @Test("take what the QR code of an invitation holds, in capitals, by standard input")
    func invitationByQR() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        let terminal = try PseudoTerminal()
        let waiting = try scene.sealift.start(
            [
                "contact", "export", "--qr", "--listen", "127.0.0.1:0", "--wait", "120s", "--name",
                "bob", "invitation",
            ], name: "shown", environment: ["SEALIFT_HOME": scene.home("ann").path],
            terminal: terminal)
        defer { waiting.terminate() }
        try scene.sealift.wait(
            for: waiting, name: "shown", toShow: "Waiting for it to be used", on: terminal)
        #expect(terminal.screen().contains("▀") && terminal.screen().contains("▄"))
        let text = try scene.sealift.text("invitation").uppercased()
        let imported = try scene.run(
            "bob", ["contact", "import", "--json", "--name", "ann", "-"], input: text)
        #expect(imported.status == 0, "\(imported.error)")
        #expect(scene.sealift.finish(waiting, on: terminal) == 0, "\(terminal.screen())")
        #expect(try scene.run("ann", ["contact", "list"]).output.contains("bob"))
        // Never into a file or a pipe, where a secret stays.
        let piped = try scene.run(
            "ann", ["contact", "export", "--qr", "--name", "eve", "other-invitation"])
        #expect(piped.status == 64)
    }

    @Test("refuse another identity under a contact's name, and a name that looks like another's")
    func hardStops() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        #expect(try Self.invite(scene).1.status == 0)
        // Bob begins anew: other words, other device.
        try FileManager.default.removeItem(at: scene.home("bob"))
        try FileManager.default.removeItem(
            at: scene.sealift.folder.appendingPathComponent("words-bob"))
        let mallory = try scene.begin("bob")
        let changed = try Self.invite(scene)
        #expect(changed.0.status == 5 && changed.1.status == 7, "\(changed.0.error)")
        let error = try #require(try changed.0.events.last)
        #expect(error["code"] as? String == "identity_changed")
        #expect((error["advice"] as? String)?.contains("This is not the contact you added") == true)
        let alike = try Self.invite(scene, exporting: ["b0b"])
        #expect(alike.0.status == 7)
        #expect(try alike.0.events.last?["code"] as? String == "name_refused")
        let bob = try Self.contact(scene, of: "ann", "bob")
        #expect(bob["identity"] as? String != mallory["identity"] as? String)
        #expect(try scene.run("bob", ["contact", "list"]).output == "")
    }

    @Test("rename, block, unblock and remove, each logged, and nothing for a name that nobody has")
    func verbs() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        #expect(try Self.invite(scene).1.status == 0)
        #expect(try scene.run("ann", ["contact", "rename", "bob", "robert"]).status == 0)
        #expect(try scene.run("ann", ["contact", "show", "bob"]).status == 64)
        #expect(try scene.run("ann", ["contact", "rename", "robert", "b\u{1B}b"]).status == 7)
        #expect(try scene.run("ann", ["contact", "block", "robert"]).output.contains("blocked"))
        #expect(try Self.contact(scene, of: "ann", "robert")["blocked"] as? Bool == true)
        // To bob nothing changed.
        #expect(try Self.contact(scene, of: "bob", "ann")["blocked"] as? Bool == false)
        let refused = try Self.invite(scene, exporting: ["robert"])
        #expect(refused.0.status == 7 && refused.0.output.contains("is blocked"))
        #expect(try scene.run("ann", ["contact", "unblock", "robert"]).status == 0)
        #expect(try scene.run("ann", ["contact", "remove", "robert"]).status == 0)
        #expect(try scene.run("ann", ["contact", "list"]).output == "")
        #expect(try scene.run("ann", ["contact", "remove", "robert"]).status == 64)
        let log = try scene.run("ann", ["log", "--json"]).events
        #expect(
            log.compactMap { $0["reason"] as? String } == [
                "identity_begun", "added", "renamed", "blocked", "unblocked", "removed",
            ])
        #expect(log.last?["contact"] as? String == "robert")
        #expect(try scene.run("ann", ["log", "verify"]).status == 0)
    }

    @Test("want an identity, a name where nobody can be asked, and never a code as an argument")
    func usage() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        let none = try scene.run("ann", ["pair", "--json", "--name", "bob"])
        #expect(none.status == 6)
        #expect(try none.events.last?["code"] as? String == "identity_missing")
        #expect(try scene.run("ann", ["contact", "list"]).status == 6)
        _ = try scene.begin("ann")
        #expect(try scene.run("ann", ["pair"]).status == 64)
        #expect(try scene.run("ann", ["pair", "--name", "a:b"]).status == 7)
        let argument = try scene.run("ann", ["pair", "48213-copper-orbit-tiger"])
        #expect(argument.status == 64 && !argument.error.contains("copper"))
        try scene.sealift.write("sealift1abc", to: "ticket")
        let ticket = try scene.run("ann", ["contact", "import", "--name", "b", "--json", "ticket"])
        #expect(ticket.status == 4)
        #expect(try ticket.events.last?["code"] as? String == "invitation_unusable")
    }

    @Test("ask a person for the name, and offer what the other end suggests")
    func dialog() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        for person in ["ann", "bob"] { _ = try scene.begin(person) }
        let waiting = try scene.start(
            "ann",
            [
                "contact", "export", "--json", "--listen", "127.0.0.1:0", "--wait", "120s",
                "--name", "bob", "--as", "annie", "invitation",
            ])
        defer { waiting.process.terminate() }
        let terminal = try PseudoTerminal()
        let bob = try scene.sealift.start(
            ["contact", "import", "invitation"], name: "dialog",
            environment: ["SEALIFT_HOME": scene.home("bob").path], terminal: terminal)
        defer { bob.terminate() }
        try scene.sealift.wait(
            for: bob, name: "dialog", toShow: "What do you call them? [annie] ", on: terminal)
        terminal.type("-ann")
        try scene.sealift.wait(
            for: bob, name: "dialog", toShow: "this cannot be a contact's name", on: terminal)
        terminal.type("")
        #expect(scene.sealift.finish(bob, on: terminal) == 0, "\(terminal.screen())")
        #expect(try scene.sealift.finish(waiting.process, name: waiting.name).status == 0)
        #expect(try Self.contact(scene, of: "bob", "annie")["verified"] as? Bool == false)
    }
}

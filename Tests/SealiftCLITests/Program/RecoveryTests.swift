import Foundation
import Glibc
import Testing

@Suite("sealift restore and backup")
struct RecoveryTests {
    /// Pairs ann and bob by an invitation's file, over the loopback.
    /// - Returns: what bob was told.
    @discardableResult
    private static func pair(_ scene: PeopleScene) throws -> SealiftProcess.Outcome {
        let waiting = try scene.start(
            "ann",
            [
                "contact", "export", "--json", "--listen", "127.0.0.1:0", "--wait", "120s",
                "--in-person", "--name", "bob", "invitation",
            ])
        defer { waiting.process.terminate() }
        let imported = try scene.run(
            "bob",
            [
                "contact", "import", "--json", "--in-person", "--name", "ann", "invitation",
            ])
        #expect(imported.status == 0, "\(imported.error)")
        if imported.status != 0 { waiting.process.interrupt() }
        #expect(try scene.sealift.finish(waiting.process, name: waiting.name).status == 0)
        return imported
    }

    private static func event(_ outcome: SealiftProcess.Outcome) throws -> [String: Any] {
        try #require(try outcome.events.last)
    }

    private static func file(_ scene: PeopleScene, _ name: String) -> URL {
        scene.sealift.folder.appendingPathComponent(name)
    }

    private static func identity(
        _ scene: PeopleScene, of person: String
    ) throws -> [String: Any]? {
        let outcome = try scene.run(person, ["id", "--json"])
        return outcome.status == 0 ? try event(outcome) : nil
    }

    @Test("the words alone bring the identity back, with this machine as its only device")
    func words() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        let before = try scene.begin("ann")
        let restored = try scene.run(
            "next", ["restore", "--json", "--no-passphrase", "--words-file", "words-ann"])
        #expect(restored.status == 0, "\(restored.error)")
        let event = try Self.event(restored)
        #expect(event["event"] as? String == "restored")
        #expect(event["identity"] as? String == before["identity"] as? String)
        #expect(event["generation"] as? Int ?? 0 > 29_000_000 && event["backup"] is NSNull)
        let devices = try #require(event["devices"] as? [[String: Any]])
        #expect(devices.count == 1 && devices[0]["this"] as? Bool == true)
        let former = try #require(before["devices"] as? [[String: Any]])
        #expect(devices[0]["device"] as? String != former[0]["device"] as? String)
        let log = try Self.event(scene.run("next", ["log", "--json"]))
        #expect(log["reason"] as? String == "identity_recovered")
        #expect(try scene.run("next", ["log", "verify"]).status == 0)
    }

    @Test("wrong words are told apart: how many, which is in no list, and the checksum")
    func wrongWords() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        _ = try scene.begin("ann")
        let words = try scene.sealift.text("words-ann").split(whereSeparator: \.isWhitespace)
            .map(String.init)
        var swapped = words
        // Two words that differ change places.
        let other = try #require(words.indices.first { words[$0] != words[0] })
        swapped.swapAt(0, other)
        var unknown = words
        unknown[6] = "xylofone"
        for (list, said) in [
            (Array(words.dropLast()), "23 words"), (unknown, "word 7"), (swapped, "checksum"),
            (["legal"], "1 words"),
        ] {
            try scene.sealift.write(list.joined(separator: " "), to: "w")
            let outcome = try scene.run(
                "next", ["restore", "--json", "--no-passphrase", "--words-file", "w"])
            // One swap in 256 has the right checksum by chance, and is another identity.
            if said == "checksum", outcome.status == 0 { continue }
            #expect(outcome.status == 6)
            let error = try Self.event(outcome)
            #expect(error["code"] as? String == "words_wrong")
            #expect((error["message"] as? String ?? "").contains(said), "\(error)")
            // One word alone may be a word of the message.
            for pair in zip(words, words.dropFirst()).map({ "\($0) \($1)" }) {
                #expect(!outcome.output.contains(pair) && !outcome.error.contains(pair))
            }
            #expect(try Self.identity(scene, of: "next") == nil)
        }
        let nobody = try scene.run("next", ["restore", "--json", "--no-passphrase"])
        #expect(try Self.event(nobody)["code"] as? String == "words_needed")
    }

    @Test("the words are typed on a screen of their own; a word of no list is named at once")
    func typed() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        _ = try scene.begin("ann")
        let words = try scene.sealift.text("words-ann").split(whereSeparator: \.isWhitespace)
            .map(String.init)
        let terminal = try PseudoTerminal()
        let process = try scene.sealift.start(
            ["restore", "--no-passphrase"], name: "typed",
            environment: ["SEALIFT_HOME": scene.home("next").path], terminal: terminal)
        defer { process.terminate() }
        func wait(_ text: String) throws {
            try scene.sealift.wait(for: process, name: "typed", toShow: text, on: terminal)
        }
        try wait("Word 1: ")
        terminal.type(words[0].prefix(4) + "  " + words[1].uppercased())
        try wait("Word 3: ")
        terminal.type(words[2] + " xylofone " + words[3])
        try wait("xylofone is no word of the list")
        try wait("Word 4: ")
        terminal.type(words[3...].enumerated().map { "\($0 + 4). \($1)" }.joined(separator: " "))
        #expect(scene.sealift.finish(process, on: terminal) == 0, "\(terminal.screen())")
        let parts = terminal.screen().components(separatedBy: "\u{1B}[?1049l")
        #expect(parts.count == 2 && parts[0].contains("\u{1B}[?1049h"))
        #expect(parts[0].hasSuffix("\u{1B}[2J") && !parts[1].contains(words[1]))
        #expect(try scene.sealift.text("typed.out").contains("this machine"))
        // An empty line stops, and nothing is there.
        let second = try PseudoTerminal()
        let stopped = try scene.sealift.start(
            ["restore", "--no-passphrase"], name: "stopped",
            environment: ["SEALIFT_HOME": scene.home("none").path], terminal: second)
        defer { stopped.terminate() }
        try scene.sealift.wait(for: stopped, name: "stopped", toShow: "Word 1: ", on: second)
        second.type("")
        #expect(scene.sealift.finish(stopped, on: second) == 7)
        #expect(try Self.identity(scene, of: "none") == nil)
    }

    @Test("a restore over a live identity is refused before the words are read, to the byte")
    func live() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        _ = try scene.begin("ann")
        let before = try Self.contents(of: scene.home("ann"))
        let outcome = try scene.run(
            "ann", ["restore", "--json", "--no-passphrase", "--words-file", "none-there"])
        #expect(outcome.status == 7)
        #expect(try Self.event(outcome)["code"] as? String == "identity_conflict")
        #expect(try Self.contents(of: scene.home("ann")) == before)
    }

    private static func contents(of home: URL) throws -> [String: Data] {
        var found: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: home.path)
        where !name.hasSuffix("-shm") && !name.hasSuffix("-wal") {
            found[name] = try Data(contentsOf: home.appendingPathComponent(name))
        }
        return found
    }

    @Test("a backup brings contacts and history, and says who has to be paired again")
    func backup() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        _ = try scene.begin("ann")
        _ = try scene.begin("bob")
        try Self.pair(scene)
        try scene.sealift.write("of the backup\n", to: "bp")
        for (number, form) in [["--passphrase-file", "bp"], ["--words-file", "words-ann"]]
            .enumerated()
        {
            let name = "backup-\(number)"
            let made = try scene.run("ann", ["backup", "--json"] + form + [name])
            #expect(made.status == 0, "\(made.error)")
            let written = try Self.event(made)
            #expect(written["contacts"] as? Int == 1)
            let path = Self.file(scene, name).path
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(attributes[.size] as? Int == written["bytes"] as? Int)
            // Never over a file.
            let again = try scene.run("ann", ["backup", "--json"] + form + [name])
            #expect(try Self.event(again)["code"] as? String == "destination_exists")
            let person = "next\(number)"
            let restored = try scene.run(
                person,
                [
                    "restore", "--json", "--no-passphrase", "--words-file", "words-ann", "--from",
                    name,
                ] + (number == 0 ? form : []))
            #expect(restored.status == 0, "\(restored.error)")
            let backup = try #require(try Self.event(restored)["backup"] as? [String: Any])
            #expect(backup["contacts"] as? Int == 1)
            let contact = try Self.event(scene.run(person, ["contact", "list", "--json"]))
            #expect(contact["name"] as? String == "bob" && contact["verified"] as? Bool == true)
            #expect(contact["must_pair_again"] as? Bool == true)
            #expect(try scene.run(person, ["contact", "list"]).output.contains("PAIR AGAIN"))
            let log = try scene.run(person, ["log", "--json"]).events
            let reasons = log.map { $0["reason"] as? String ?? "" }
            #expect(reasons == ["identity_begun", "added", "identity_recovered"])
            #expect(log[0]["former"] is String && log[2]["former"] is NSNull)
            let verified = try Self.event(scene.run(person, ["log", "verify", "--json"]))
            #expect(verified["finding"] is NSNull)
            #expect((verified["former"] as? [[String: Any]])?.first?["entries"] as? Int == 2)
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: scene.home("ann").path)
                .allSatisfy { !$0.hasPrefix(".backup-") })
    }

    @Test("after a restore both pair again: the contact sees the recovery, and the pin holds")
    func pairedAgain() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        _ = try scene.begin("ann")
        _ = try scene.begin("bob")
        try Self.pair(scene)
        let made = try scene.run("ann", ["backup", "--words-file", "words-ann", "b"])
        #expect(made.status == 0, "\(made.error)")
        // The machine is lost; the next one takes its place.
        try FileManager.default.moveItem(
            at: scene.home("ann"), to: Self.file(scene, "home-lost"))
        let restored = try scene.run(
            "ann", ["restore", "--no-passphrase", "--words-file", "words-ann", "--from", "b"])
        #expect(restored.status == 0, "\(restored.error)")
        // Loudly: in words too, where nobody reads JSON.
        let told = try Self.pair(scene)
        let notice = try #require(
            told.events.first { $0["event"] as? String == "devices_changed" })
        #expect(notice["contact"] as? String == "ann" && notice["recovered"] as? Bool == true)
        #expect(told.error.contains("ann RECOVERED FROM THEIR WORDS"), "\(told.error)")
        let contact = try Self.event(scene.run("ann", ["contact", "list", "--json"]))
        #expect(contact["must_pair_again"] as? Bool == false)
        let ann = try Self.event(scene.run("bob", ["contact", "list", "--json"]))
        #expect(ann["must_pair_again"] as? Bool == false && ann["verified"] as? Bool == true)
        let devices = try #require(ann["devices"] as? [[String: Any]])
        #expect(devices.count == 1)
        // The lost machine is nobody's any more: what it shows is older than what bob has seen.
        let lost = try scene.run("lost", ["id", "--json"])
        let former = try Self.event(lost)["devices"] as? [[String: Any]]
        #expect(former?.first?["device"] as? String != devices[0]["device"] as? String)
        let refused = try Self.invite(scene, from: "lost", as: "b2", "i2")
        #expect(refused.status == 5, "\(refused.output) \(refused.error)")
        #expect(try Self.event(refused)["code"] as? String == "introduction_refused")
    }

    /// Bob takes an invitation of `person`'s.
    private static func invite(
        _ scene: PeopleScene, from person: String, as name: String, _ file: String
    ) throws -> SealiftProcess.Outcome {
        let waiting = try scene.start(
            person,
            [
                "contact", "export", "--json", "--listen", "127.0.0.1:0", "--wait", "120s",
                "--name", "bob", file,
            ])
        defer { waiting.process.terminate() }
        return try scene.run("bob", ["contact", "import", "--json", "--name", "ann", file])
    }

    @Test("a backup that was cut, altered, or is under another passphrase restores nothing")
    func damaged() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        _ = try scene.begin("ann")
        _ = try scene.begin("eve")
        try scene.sealift.write("right", to: "p")
        try scene.sealift.write("wrong", to: "q")
        let made = try scene.run("ann", ["backup", "--passphrase-file", "p", "b"])
        #expect(made.status == 0, "\(made.error)")
        let whole = try Data(contentsOf: Self.file(scene, "b"))
        func restore(_ bytes: Data, _ passphrase: String, words: String = "words-ann") throws
            -> String
        {
            try bytes.write(to: Self.file(scene, "x"))
            let outcome = try scene.run(
                "next",
                [
                    "restore", "--json", "--no-passphrase", "--words-file", words, "--from", "x",
                    "--passphrase-file", passphrase,
                ])
            #expect(outcome.status != 0)
            #expect(try Self.identity(scene, of: "next") == nil)
            let left = try FileManager.default.contentsOfDirectory(
                atPath: scene.home("next").path)
            #expect(left.allSatisfy { !$0.hasPrefix(".backup-") }, "\(left)")
            return try Self.event(outcome)["code"] as? String ?? ""
        }
        #expect(try restore(whole, "q") == "passphrase_wrong")
        for count in [0, 3, 60, 110, 300, whole.count / 2, whole.count - 1] {
            #expect(try restore(whole.prefix(count), "p") == "backup_damaged", "cut at \(count)")
        }
        for place in [2, 4, 50, 107, 200, whole.count / 2, whole.count - 1] {
            var altered = whole
            altered[place] ^= 1
            #expect(try restore(altered, "p") == "backup_damaged", "altered at \(place)")
        }
        #expect(try restore(whole + Data([0]), "p") == "backup_damaged")
        #expect(try restore(whole, "p", words: "words-eve") == "words_wrong")
        let other = try scene.run("ann", ["backup", "--json", "--words-file", "words-eve", "b2"])
        #expect(try Self.event(other)["code"] as? String == "words_wrong")
        #expect(!FileManager.default.fileExists(atPath: Self.file(scene, "b2").path))
    }

    @Test("a backup that is killed while it is written leaves no file of its name")
    func killedBackup() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        _ = try scene.begin("ann")
        for round in 0..<4 {
            let name = "killed-\(round)"
            let process = try scene.sealift.start(
                ["backup", "--words-file", "words-ann", "target-\(round)"], name: name,
                environment: ["SEALIFT_HOME": scene.home("ann").path])
            // Once it made its first file, of the home or of the folder.
            while process.isRunning {
                let places = [scene.home("ann").path, scene.sealift.folder.path]
                let names = places.flatMap {
                    (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? []
                }
                let sign = round % 2 == 0 ? ".backup-" : ".sealift-backup-"
                if names.contains(where: { $0.hasPrefix(sign) }) { break }
            }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let target = Self.file(scene, "target-\(round)")
            if FileManager.default.fileExists(atPath: target.path) {
                // It was faster, and is whole.
                let restored = try scene.run(
                    "next-\(round)",
                    [
                        "restore", "--no-passphrase", "--words-file", "words-ann", "--from",
                        target.lastPathComponent,
                    ])
                #expect(restored.status == 0, "\(restored.error)")
            }
        }
        let made = try scene.run("ann", ["backup", "--words-file", "words-ann", "at-last"])
        #expect(made.status == 0, "\(made.error)")
        let left = try FileManager.default.contentsOfDirectory(atPath: scene.home("ann").path)
        #expect(left.allSatisfy { !$0.hasPrefix(".backup-") }, "\(left)")
        #expect(try scene.run("ann", ["log", "verify"]).status == 0)
    }

    @Test("a restore that is killed at any moment is done, or is done by running it again")
    func killedRestore() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        _ = try scene.begin("ann")
        let made = try scene.run("ann", ["backup", "--words-file", "words-ann", "b"])
        #expect(made.status == 0, "\(made.error)")
        for (round, sign) in ["lock", "device.key", ".backup-", "sealift.db", "log.head"]
            .enumerated()
        {
            let person = "next-\(round)"
            let arguments = [
                "restore", "--json", "--no-passphrase", "--words-file", "words-ann", "--from", "b",
            ]
            let process = try scene.sealift.start(
                arguments, name: person,
                environment: ["SEALIFT_HOME": scene.home(person).path])
            while process.isRunning {
                let names =
                    (try? FileManager.default.contentsOfDirectory(atPath: scene.home(person).path))
                    ?? []
                if names.contains(where: { $0.hasPrefix(sign) }) { break }
            }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let again = try scene.run(person, arguments)
            let code = again.status == 0 ? "" : try Self.event(again)["code"] as? String ?? "?"
            #expect(code == "" || code == "identity_conflict", "\(sign): \(again.output)")
            #expect(try Self.identity(scene, of: person) != nil, "\(sign)")
            #expect(try scene.run(person, ["log", "verify"]).status == 0, "\(sign)")
            // It is a device that works.
            let sent = try scene.run(
                person,
                ["send", "--json", "--listen", "127.0.0.1:0", "--wait", "1s", "words-ann"])
            #expect(sent.status == 3, "\(sign): \(sent.error)")
        }
    }

    @Test("a stolen home, and a stolen backup, show no secret of restored and backed-up homes")
    func stolen() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        try scene.sealift.write("machine passphrase", to: "p")
        try scene.sealift.write("backup passphrase", to: "bp")
        let locked = ["SEALIFT_PASSPHRASE_FILE": scene.sealift.folder.path + "/p"]
        let made = try scene.run(
            "ann", ["id", "--words-file", "words-ann"], environment: locked)
        #expect(made.status == 0, "\(made.error)")
        let backup = try scene.run("ann", ["backup", "--passphrase-file", "bp", "b"])
        #expect(backup.status == 0, "\(backup.error)")
        // The device's keys as they lay before the vault had them.
        _ = try scene.run("next", ["log"])
        let key = scene.home("next").appendingPathComponent("device.key")
        let keys = try Data(contentsOf: key).dropFirst(4)
        let restored = try scene.run(
            "next",
            ["restore", "--words-file", "words-ann", "--from", "b", "--passphrase-file", "bp"],
            environment: locked)
        #expect(restored.status == 0, "\(restored.error)")
        let words = try scene.sealift.text("words-ann").split(whereSeparator: \.isWhitespace)
            .map(String.init)
        var secrets = [Data(keys.prefix(32)), Data(keys.dropFirst(32).prefix(32))]
        secrets += ["machine passphrase", "backup passphrase"].map { Data($0.utf8) }
        secrets += (0..<22).map { Data(words[$0..<($0 + 3)].joined(separator: " ").utf8) }
        for person in ["ann", "next"] {
            let home = scene.home(person)
            for name in try FileManager.default.contentsOfDirectory(atPath: home.path) {
                let bytes = try Data(contentsOf: home.appendingPathComponent(name))
                for secret in secrets {
                    #expect(bytes.range(of: secret) == nil, "a secret lies in \(person)/\(name)")
                }
            }
        }
        // A backup shows nothing at all: no name, no identity, no SQLite.
        let bytes = try Data(contentsOf: Self.file(scene, "b"))
        for text in ["SQLite format 3", "CREATE TABLE", "identity_begun"] {
            #expect(bytes.range(of: Data(text.utf8)) == nil)
        }
        for secret in secrets { #expect(bytes.range(of: secret) == nil) }
        // And it is no second copy of the device: what restored is another.
        let before = try Self.identity(scene, of: "ann")?["devices"] as? [[String: Any]]
        let after = try Self.identity(scene, of: "next")?["devices"] as? [[String: Any]]
        #expect(before?.first?["device"] as? String != after?.first?["device"] as? String)
    }
}

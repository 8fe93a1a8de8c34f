import Foundation
import Testing

@Suite("sealift id")
struct IdentityTests {
    private static let words = try? NSRegularExpression(pattern: #"(\d+)  ([a-z]+)"#)

    /// The recovery words on a screen, by their numbers.
    private static func shown(_ screen: String) -> [Int: String] {
        var found: [Int: String] = [:]
        let text = screen as NSString
        for match in words?.matches(in: screen, range: NSRange(location: 0, length: text.length))
            ?? []
        {
            let number = Int(text.substring(with: match.range(at: 1))) ?? 0
            found[number] = text.substring(with: match.range(at: 2))
        }
        return found
    }

    /// Makes an identity on a terminal, as a person would.
    private static func begin(
        _ sealift: SealiftProcess, name: String, passphrase: String?
    ) throws -> (screen: String, words: [Int: String]) {
        let terminal = try PseudoTerminal()
        let process = try sealift.start(
            ["id"] + (passphrase == nil ? ["--no-passphrase"] : []), name: name, terminal: terminal)
        defer { process.terminate() }
        if let passphrase {
            try sealift.wait(for: process, name: name, toShow: "New passphrase: ", on: terminal)
            terminal.type(passphrase)
            try sealift.wait(for: process, name: name, toShow: "The same again: ", on: terminal)
            terminal.type(passphrase)
        }
        try sealift.wait(
            for: process, name: name, toShow: "Enter, when they are written down: ", on: terminal)
        let words = shown(terminal.screen())
        terminal.type("")
        var answered = 0
        while answered < 3 {
            let all = terminal.screen().components(separatedBy: "Word ").dropFirst()
            guard all.count == answered + 1, let question = all.last,
                question.hasSuffix(": "), let number = Int(question.dropLast(2))
            else {
                guard process.isRunning else { break }
                sched_yield()
                continue
            }
            terminal.type(words[number] ?? "?")
            answered += 1
        }
        #expect(sealift.finish(process, on: terminal) == 0, "\(terminal.screen())")
        return (terminal.screen(), words)
    }

    @Test("shows 24 words once, has three typed back, and never shows the passphrase")
    func ceremony() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let (screen, words) = try Self.begin(sealift, name: "ann", passphrase: "correct horse 9")
        #expect(words.count == 24)
        #expect(!screen.contains("correct horse 9"))
        // The words stand on a screen of their own, which is wiped before it goes.
        let parts = screen.components(separatedBy: "\u{1B}[?1049l")
        #expect(parts.count == 2 && parts[0].contains("\u{1B}[?1049h"))
        #expect(!parts[1].contains("1  \(words[1] ?? "?")"))
        let said = try sealift.text("ann.out")
        #expect(said.contains("this machine") && said.contains("under a passphrase"))
        // Who only looks needs no passphrase.
        let again = try sealift.run(["id", "--json"], environment: Self.home(sealift, "ann"))
        let identity = try #require(try again.events.first)
        #expect(again.status == 0 && identity["protection"] as? String == "passphrase")
        #expect((identity["devices"] as? [[String: Any]])?.count == 1)
    }

    @Test("never writes the words where nobody asked for it: a pipe gets an error")
    func noTerminal() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let outcome = try sealift.run(["id", "--json"])
        #expect(outcome.status == 6)
        #expect(try outcome.events.last?["code"] as? String == "identity_missing")
        // No passphrase and nobody to ask for one.
        let file = try sealift.run(["id", "--words-file", "w"])
        #expect(file.status == 6 && file.error.contains("SEALIFT_PASSPHRASE_FILE"))
        #expect(!FileManager.default.fileExists(atPath: sealift.folder.path + "/w"))
    }

    @Test("on a server writes the words to a new file, and takes the passphrase from a file")
    func server() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("from a file\n", to: "p")
        let environment = Self.home(sealift, "s").merging(["SEALIFT_PASSPHRASE_FILE": "p"]) { $1 }
        let made = try sealift.run(
            ["id", "--json", "--words-file", "w"], environment: environment)
        #expect(made.status == 0, "\(made.error)")
        let words = try sealift.text("w").split(whereSeparator: \.isWhitespace)
        #expect(words.count == 24)
        let mode =
            try FileManager.default.attributesOfItem(
                atPath: sealift.folder.path + "/w")[.posixPermissions] as? Int
        #expect(mode == 0o600)
        for word in Set(words) where word.count > 4 {
            #expect(!made.output.contains(word) && !made.error.contains(word))
        }
        let again = try sealift.run(["id", "--words-file", "w2"], environment: environment)
        #expect(again.status == 7)
        #expect(!FileManager.default.fileExists(atPath: sealift.folder.path + "/w2"))
    }

    @Test(
        "systemd's credential opens what a passphrase keeps; without, or with another, nothing moves"
    )
    func credential() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("kept by systemd", to: "credentials/sealift-passphrase")
        try sealift.write("another", to: "other")
        try sealift.write("content", to: "a")
        let home = Self.home(sealift, "s")
        let credential = home.merging(
            ["CREDENTIALS_DIRECTORY": sealift.folder.path + "/credentials"]) { $1 }
        let made = try sealift.run(["id", "--words-file", "w"], environment: credential)
        #expect(made.status == 0, "\(made.error)")
        let none = try sealift.run(["send", "--json", "--wait", "1s", "a"], environment: home)
        #expect(none.status == 6)
        #expect(try none.events.last?["code"] as? String == "passphrase_needed")
        let wrong = try sealift.run(
            ["send", "--json", "--wait", "1s", "a"],
            environment: home.merging(["SEALIFT_PASSPHRASE_FILE": "other"]) { $1 })
        #expect(wrong.status == 6)
        #expect(try wrong.events.last?["code"] as? String == "passphrase_wrong")
        let right = try sealift.run(
            ["send", "--json", "--listen", "127.0.0.1:0", "--wait", "1s", "a"],
            environment: credential)
        #expect(right.status == 3)
        // Who only reads needs none.
        #expect(try sealift.run(["log"], environment: home).status == 0)
        #expect(try sealift.run(["log", "verify"], environment: home).status == 0)
    }

    @Test("keeps the device of a home from before, and goes on sending with it")
    func migration() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("content", to: "source/a")
        let first = try Self.transfer(sealift, to: "target1")
        let key = sealift.folder.appendingPathComponent("home-sender/device.key")
        let secret = try Data(contentsOf: key).dropFirst(4).prefix(64)
        try sealift.write("secret words", to: "p")
        let locked = Self.home(sealift, "sender").merging(
            ["SEALIFT_PASSPHRASE_FILE": sealift.folder.path + "/p"]) { $1 }
        let made = try sealift.run(
            ["id", "--json", "--words-file", "w"], environment: locked)
        #expect(made.status == 0, "\(made.error)")
        let devices = try #require(try made.events.first?["devices"] as? [[String: Any]])
        #expect(devices.first?["device"] as? String == first)
        try Self.demandNowhere([Data(secret.prefix(32)), Data(secret.suffix(32))], in: key)
        let second = try Self.transfer(sealift, to: "target2", environment: locked)
        #expect(second == first)
    }

    @Test("a process killed between vault and file leaves a home that opens, and is put right")
    func killedInMigration() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("content", to: "source/a")
        let first = try Self.transfer(sealift, to: "target1")
        let key = sealift.folder.appendingPathComponent("home-sender/device.key")
        let before = try Data(contentsOf: key)
        let home = Self.home(sealift, "sender")
        #expect(
            try sealift.run(
                ["id", "--no-passphrase", "--words-file", "w"], environment: home
            ).status == 0)
        let after = try Data(contentsOf: key)
        #expect(after != before && after.prefix(4) == Data("SLK2".utf8))
        // As it was when the vault was written and the file was not.
        try before.write(to: key)
        #expect(try Self.transfer(sealift, to: "target2", environment: home) == first)
        #expect(try Data(contentsOf: key) == after)
    }

    @Test("a stolen home under a passphrase shows no secret of it")
    func stolen() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        let sealift = scene.sealift
        try sealift.write("the passphrase itself", to: "p")
        try sealift.write("content", to: "source/a")
        // The device from before the identity: its keys must not stay behind.
        _ = try Self.transfer(sealift, to: "target1")
        let home = scene.home("sender")
        let keys = try Data(contentsOf: home.appendingPathComponent("device.key")).dropFirst(4)
        let locked = ["SEALIFT_PASSPHRASE_FILE": sealift.folder.path + "/p"]
        let made = try scene.run("sender", ["id", "--words-file", "w"], environment: locked)
        #expect(made.status == 0, "\(made.error)")
        let words = try sealift.text("w").split(whereSeparator: \.isWhitespace).map(String.init)
        var secrets = [Data(keys.prefix(32)), Data(keys.dropFirst(32).prefix(32))]
        secrets += [Data("the passphrase itself".utf8), Data(words.joined(separator: " ").utf8)]
        // No three words in a row either.
        secrets += (0..<22).map { Data(words[$0..<($0 + 3)].joined(separator: " ").utf8) }
        try Self.demandNowhere(secrets, in: home)
        // And without the passphrase nothing opens.
        let contact = try scene.run("sender", ["contact", "block", "nobody"])
        #expect(contact.status == 64)
        let sent = try scene.run("sender", ["send", "--wait", "1s", "source"])
        #expect(sent.status == 6)
    }

    private static func home(_ sealift: SealiftProcess, _ name: String) -> [String: String] {
        ["SEALIFT_HOME": sealift.folder.appendingPathComponent("home-\(name)").path]
    }

    /// Sends `source` from the home `home-sender`; the sender's fingerprint.
    private static func transfer(
        _ sealift: SealiftProcess, to target: String, environment: [String: String] = [:]
    ) throws -> String {
        let name = "sender"
        let sender = try sealift.start(
            [
                "send", "--json", "--listen", "127.0.0.1:0", "--ticket-file", "t-\(target)",
                "source",
            ],
            name: name, environment: environment)
        defer { sender.terminate() }
        _ = try sealift.ticket(in: "t-\(target)", of: sender, name: name)
        let received = try sealift.run(
            ["receive", "--yes", "--json", "--ticket-file", "t-\(target)", "--output", target])
        #expect(received.status == 0, "\(received.error)")
        #expect(try sealift.finish(sender, name: name).status == 0)
        let connected = try received.events.first { $0["event"] as? String == "connected" }
        return try #require(connected?["peer"] as? String)
    }

    /// None of `secrets` is in a file, or in any file of a folder.
    private static func demandNowhere(_ secrets: [Data], in place: URL) throws {
        let files =
            FileManager.default.enumerator(atPath: place.path)?.compactMap { $0 as? String } ?? []
        for file in files.isEmpty ? [place] : files.map({ place.appendingPathComponent($0) }) {
            guard let bytes = try? Data(contentsOf: file) else { continue }
            for secret in secrets {
                #expect(
                    bytes.range(of: secret) == nil, "a secret lies in \(file.lastPathComponent)")
            }
        }
    }

    @Test("the full id is shown as a QR code where that is asked for")
    func picture() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        _ = try scene.begin("ann")
        let plain = try scene.run("ann", ["id"])
        let shown = try scene.run("ann", ["id", "--qr"])
        #expect(shown.status == 0, "\(shown.error)")
        #expect(shown.output.hasPrefix(plain.output) && shown.output.contains("█"))
        // 64 digits take version 4: 33 modules and the quiet zone, two rows a line.
        let lines = shown.output.dropFirst(plain.output.count).split(separator: "\n")
        #expect(lines.count == 21 && lines.allSatisfy { $0.count == 41 }, "\(lines.count)")
        #expect(try scene.run("ann", ["id", "--qr", "--json"]).status == 64)
    }
}

import Foundation
import Testing

@Suite("The log")
struct LogTests {
    /// A transfer of one folder between the homes `home-sender` and `home-receiver`.
    private static func transfer(
        with sealift: SealiftProcess, sending: [String] = [], receiving: [String] = []
    ) throws -> (sent: SealiftProcess.Outcome, received: SealiftProcess.Outcome) {
        try sealift.write("abc", to: "source/d/a")
        try sealift.writeBytes(300_000, to: "source/d/b")
        let sender = try sealift.start(
            ["send", "--json", "--listen", "127.0.0.1:0", "--ticket-file", "t"] + sending
                + ["source/d"], name: "sender")
        defer { sender.terminate() }
        _ = try sealift.ticket(in: "t", of: sender, name: "sender")
        let receiver = try sealift.start(
            ["receive", "--yes", "--json", "--ticket-file", "t", "--output", "target"] + receiving,
            name: "receiver")
        let received = try sealift.finish(receiver, name: "receiver")
        if received.status != 0 { sender.interrupt() }
        return (try sealift.finish(sender, name: "sender"), received)
    }

    private static func log(
        _ sealift: SealiftProcess, of name: String, _ arguments: [String] = ["--json"]
    ) throws -> SealiftProcess.Outcome {
        try sealift.run(
            ["log"] + arguments,
            environment: [
                "SEALIFT_HOME": sealift.folder.appendingPathComponent("home-\(name)").path
            ])
    }

    private static func database(_ sealift: SealiftProcess, _ name: String) -> URL {
        sealift.folder.appendingPathComponent("home-\(name)/sealift.db")
    }

    @Test("has the beginning and the end of a transfer at both ends, from the first run on")
    func transfer() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let (sent, received) = try Self.transfer(with: sealift)
        #expect(sent.status == 0 && received.status == 0, "\(sent.error) \(received.error)")
        let root = try #require(try received.events.last?["root"] as? String)
        let fingerprints = try #require(
            try received.events.first { $0["event"] as? String == "connected" })
        for (name, direction, peer, path) in [
            ("sender", "sent", "device", "source/d"), ("receiver", "received", "peer", "target"),
        ] {
            let events = try Self.log(sealift, of: name).events
            #expect(
                events.map { $0["kind"] as? String } == ["transfer_started", "transfer_ended"])
            #expect(events.allSatisfy { $0["direction"] as? String == direction })
            #expect(events.allSatisfy { $0["decision"] as? String == "ticket" })
            #expect(
                events.allSatisfy { $0["peer"] as? String == fingerprints[peer] as? String })
            #expect(Set(events.compactMap { $0["transfer"] as? String }).count == 1)
            let end = try #require(events.last)
            #expect(end["result"] as? String == "complete" && end["root"] as? String == root)
            #expect(end["length"] as? Int == 300_003 && end["bytes"] as? Int == 300_003)
            let paths = try #require(end["paths"] as? [[String: Any]])
            #expect((paths.first?["path"] as? String)?.hasSuffix("/\(path)") == true)
            let verified = try Self.log(sealift, of: name, ["verify", "--json"])
            #expect(verified.status == 0)
            #expect(try verified.events.last?["entries"] as? Int == 2)
        }
        let csv = try Self.log(sealift, of: "sender", ["--csv"])
        let lines = csv.output.split(separator: "\r\n")
        #expect(lines.count == 3 && lines[0].hasPrefix("position,time,event,direction,peer"))
        #expect(try Self.log(sealift, of: "sender", ["--since", "1h"]).output.contains("complete"))
        #expect(try Self.log(sealift, of: "sender", ["--since", "2099-01-01"]).output == "")
        #expect(
            try Self.log(sealift, of: "sender", ["--contact", "0123456789abcdef"]).output == "")
    }

    @Test("has an entry for what was not taken, and for what was stopped")
    func denied() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("mine", to: "target/d/a")
        let (_, received) = try Self.transfer(with: sealift)
        #expect(received.status == 7)
        let event = try #require(try Self.log(sealift, of: "receiver").events.last)
        #expect(event["kind"] as? String == "transfer_denied")
        #expect(event["reason"] as? String == "destination_exists")
        #expect(event["result"] as? String == "refused")
    }

    @Test("that was cut short is found out, and nothing moves on it")
    func cutShort() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        _ = try Self.transfer(with: sealift)
        let before = try Data(contentsOf: Self.database(sealift, "receiver"))
        try FileManager.default.removeItem(at: sealift.folder.appendingPathComponent("target"))
        try FileManager.default.removeItem(at: sealift.folder.appendingPathComponent("t"))
        let again = try Self.transfer(with: sealift)
        #expect(again.received.status == 0, "\(again.received.error)")
        try before.write(to: Self.database(sealift, "receiver"))
        let verified = try Self.log(sealift, of: "receiver", ["verify", "--json"])
        #expect(verified.status == 5)
        let verdict = try #require(try verified.events.first)
        #expect(verdict["finding"] as? String == "truncated" && verdict["position"] as? Int == 2)
        try FileManager.default.removeItem(at: sealift.folder.appendingPathComponent("target"))
        try FileManager.default.removeItem(at: sealift.folder.appendingPathComponent("t"))
        let refused = try Self.transfer(with: sealift)
        #expect(refused.received.status == 5)
        #expect(refused.received.error.contains("the log was cut short or put back"))
        #expect(!FileManager.default.fileExists(atPath: sealift.folder.path + "/target/d/a"))
    }

    @Test("that is no database any more stops a transfer before it begins, and says what to do")
    func garbage() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "a")
        let home = sealift.folder.appendingPathComponent("home-x")
        try FileManager.default.createDirectory(
            at: home, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try Data(repeating: 65, count: 9_000).write(to: home.appendingPathComponent("sealift.db"))
        let outcome = try sealift.run(
            ["send", "--json", "--wait", "1s", "a"], environment: ["SEALIFT_HOME": home.path])
        #expect(outcome.status == 5)
        #expect(try outcome.events.last?["code"] as? String == "log_damaged")
        #expect(outcome.error.contains("move sealift.db"))
    }

    @Test(
        "that cannot be written because the disk is full stops the transfer: nothing moves unlogged"
    )
    func full() throws {
        guard geteuid() == 0 else { return }
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "source/d/a")
        let home = sealift.folder.appendingPathComponent("home-small").path
        let sender = try sealift.start(
            ["send", "--json", "--listen", "127.0.0.1:0", "--ticket-file", "t", "source/d"],
            name: "sender")
        defer { sender.terminate() }
        _ = try sealift.ticket(in: "t", of: sender, name: "sender")
        // A volume of its own, filled up once the first run made the database in it.
        let script = """
            mkdir -m 700 "$SEALIFT_HOME" && mount -t tmpfs -o size=512k,mode=700 none "$SEALIFT_HOME" || exit 77
            "$0" log || exit 78
            cat /dev/zero > "$SEALIFT_HOME/filler" 2> /dev/null
            "$0" receive --yes --json --ticket-file t --output target
            status=$?
            rm "$SEALIFT_HOME/filler"
            "$0" log verify --json
            exit $status
            """
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        process.arguments = ["-m", "bash", "-c", script, try SealiftProcess.binary().path]
        process.currentDirectoryURL = sealift.folder
        process.environment = ["SEALIFT_HOME": home, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(
            decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        // Where namespaces or mounts are not allowed there is nothing to try.
        guard ![1, 77].contains(process.terminationStatus) else { return }
        #expect(process.terminationStatus == 6, "\(text)")
        #expect(text.contains("\"disk_full\"") || text.contains("\"home_unusable\""), "\(text)")
        #expect(text.contains("\"finding\":null"), "\(text)")
        #expect(!FileManager.default.fileExists(atPath: sealift.folder.path + "/target/d/a"))
    }

    @Test("wants a folder that can be written, and says what to do where there is none")
    func unwritable() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "a")
        for arguments in [["send", "a"], ["log"], ["log", "verify"]] {
            let outcome = try sealift.run(
                arguments, environment: ["SEALIFT_HOME": "/proc/sealift-home"])
            #expect(outcome.status == 6)
            #expect(outcome.error.contains("Set SEALIFT_HOME to a folder of your own"))
        }
    }

    @Test(
        "refuses what it cannot select by",
        arguments: [
            ["--since", "yesterday"], ["--since", "2026-13-01"], ["--contact", "bob"],
            ["--json", "--csv"], ["frobnicate"],
        ])
    func usage(arguments: [String]) throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        #expect(try sealift.run(["log"] + arguments).status == 64)
    }
}

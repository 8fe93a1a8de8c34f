import Foundation
import Glibc
import Testing

@Suite("Ctrl-C")
struct InterruptionTests {
    private let sealift: SealiftProcess

    init() throws {
        sealift = try SealiftProcess()
    }

    private func startSender(_ extra: [String] = [], home: String = "sender") throws -> Process {
        let sender = try sealift.start(
            ["send", "--json", "--listen", "127.0.0.1:0", "--ticket-file", "t"] + extra + ["big"],
            name: "sender")
        _ = try sealift.ticket(in: "t", of: sender, name: "sender")
        return sender
    }

    private func interrupt(_ process: Process) {
        kill(process.processIdentifier, SIGINT)
    }

    @Test("ends a sender that waits, and says how to go on")
    func waitingSender() throws {
        defer { sealift.remove() }
        try sealift.write("abc", to: "big")
        let sender = try startSender()
        interrupt(sender)
        let outcome = try sealift.finish(sender, name: "sender")
        #expect(outcome.status == 75)
        #expect(try outcome.events.last?["code"] as? String == "interrupted")
        #expect(outcome.error.contains("--ticket-file"))
    }

    @Test("ends a receiver that dials where nobody answers")
    func dialingReceiver() throws {
        defer { sealift.remove() }
        try sealift.write("abc", to: "big")
        let sender = try startSender()
        interrupt(sender)
        _ = try sealift.finish(sender, name: "sender")
        let receiver = try sealift.start(
            ["receive", "--yes", "--ticket-file", "t", "--output", "target"], name: "receiver")
        // It says nothing before somebody answers: its state folder tells that it runs.
        let home = sealift.folder.appendingPathComponent("home-receiver/device.key").path
        while receiver.isRunning, !FileManager.default.fileExists(atPath: home) { sched_yield() }
        interrupt(receiver)
        #expect(try sealift.finish(receiver, name: "receiver").status == 75)
    }

    @Test("ends both ends in the middle of a transfer, and running both again goes on")
    func transfer() throws {
        defer { sealift.remove() }
        try sealift.writeBytes(64 << 20, to: "big")
        // Slow enough that it cannot be over before it is interrupted.
        let sender = try startSender(["--rate", "100mbit"])
        let receive = ["receive", "--yes", "--json", "--ticket-file", "t", "--output", "target"]
        let home = ["SEALIFT_HOME": sealift.folder.appendingPathComponent("home-r").path]
        let receiver = try sealift.start(receive, name: "receiver", environment: home)
        try sealift.wait(for: receiver, name: "receiver", toSay: #""event":"progress""#)
        interrupt(receiver)
        let outcome = try sealift.finish(receiver, name: "receiver")
        #expect(outcome.status == 75)
        #expect(outcome.error.contains("goes on from what was proven"))
        #expect(sender.isRunning)
        interrupt(sender)
        #expect(try sealift.finish(sender, name: "sender").status == 75)

        let again = try sealift.start(
            ["send", "--listen", "127.0.0.1:0", "--ticket-file", "t", "big"], name: "again",
            environment: ["SEALIFT_HOME": sealift.folder.appendingPathComponent("home-sender").path]
        )
        defer { again.terminate() }
        try sealift.wait(for: again, name: "again", toSay: "waiting for the receiver")
        let finished = try sealift.run(receive, environment: home)
        #expect(finished.status == 0, "\(finished.error)")
        #expect(try sealift.finish(again, name: "again").status == 0)
        let summary = try #require(try finished.events.last)
        #expect(summary["resent_proven"] as? Int == 0)
        let (received, reused) = (summary["received"] as? Int, summary["reused"] as? Int)
        #expect((received ?? 0) + (reused ?? 0) == 64 << 20)
    }

    @Test("breaks off the question, and the ticket stays free")
    func question() throws {
        defer { sealift.remove() }
        try sealift.write("abc", to: "big")
        let sender = try startSender()
        defer { sender.terminate() }
        let terminal = try PseudoTerminal()
        let receive = ["receive", "--ticket-file", "t", "--output", "target"]
        let first = try sealift.start(receive, name: "first", terminal: terminal)
        try sealift.wait(for: first, name: "first", toShow: "Receive this? [y/N]", on: terminal)
        interrupt(first)
        #expect(sealift.finish(first, on: terminal) == 75)

        let second = try sealift.start(receive, name: "second", terminal: terminal)
        while terminal.screen().components(separatedBy: "[y/N]").count < 3, second.isRunning {
            sched_yield()
        }
        terminal.type("y")
        #expect(sealift.finish(second, on: terminal) == 0)
        #expect(try sealift.finish(sender, name: "sender").status == 0)
        #expect(try sealift.text("target/big") == "abc")
    }
}

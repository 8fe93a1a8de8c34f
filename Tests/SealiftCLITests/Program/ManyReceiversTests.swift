import Foundation
import Glibc
import Testing

@Suite("sealift send to many, and with questions")
struct ManyReceiversTests {
    @Test("--keep serves every receiver until Ctrl-C, which is a good end")
    func keep() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.writeBytes(20 << 20, to: "big")
        let sender = try sealift.start(
            ["send", "--json", "--keep", "--listen", "127.0.0.1:0", "--ticket-file", "t", "big"],
            name: "sender")
        defer { sender.terminate() }
        _ = try sealift.ticket(in: "t", of: sender, name: "sender")
        let names = ["a", "b", "c"]
        let receivers = try names.map { name in
            try sealift.start(
                ["receive", "--yes", "--json", "--ticket-file", "t", "--output", "out-\(name)"],
                name: name)
        }
        for (name, receiver) in zip(names, receivers) {
            let outcome = try sealift.finish(receiver, name: name)
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(
                try Data(contentsOf: sealift.folder.appendingPathComponent("out-\(name)/big"))
                    == Data(contentsOf: sealift.folder.appendingPathComponent("big")))
        }
        #expect(sender.isRunning)
        kill(sender.processIdentifier, SIGINT)
        let sent = try sealift.finish(sender, name: "sender")
        #expect(sent.status == 0, "\(sent.error)")
        let delivered = try sent.events.filter { $0["event"] as? String == "delivered" }
        #expect(delivered.count == 3)
        #expect(Set(delivered.compactMap { $0["peer"] as? String }).count == 3)
        #expect(try sent.events.last?["event"] as? String == "complete")
    }

    @Test("--confirm asks for each receiver by its fingerprint, before it sees anything")
    func confirm() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "big")
        let terminal = try PseudoTerminal()
        let sender = try sealift.start(
            ["send", "--confirm", "--listen", "127.0.0.1:0", "--ticket-file", "t", "big"],
            name: "sender", terminal: terminal)
        defer { sender.terminate() }
        try sealift.wait(
            for: sender, name: "sender", toShow: "waiting for the receiver", on: terminal)
        let receive = ["receive", "--yes", "--json", "--ticket-file", "t", "--output", "target"]
        let stranger = try sealift.start(receive, name: "stranger")
        try sealift.wait(for: sender, name: "sender", toShow: "[y/N]", on: terminal)
        terminal.type("n")
        let refused = try sealift.finish(stranger, name: "stranger")
        #expect(refused.status == 4)
        #expect(try refused.events.last?["code"] as? String == "ticket_declined")
        #expect(try !refused.events.contains { $0["event"] as? String == "offer" })

        let friend = try sealift.start(receive, name: "friend")
        while terminal.screen().components(separatedBy: "[y/N]").count < 3, sender.isRunning {
            sched_yield()
        }
        terminal.type("y")
        let received = try sealift.finish(friend, name: "friend")
        #expect(received.status == 0, "\(received.error)")
        #expect(sealift.finish(sender, on: terminal) == 0)
        let device = try #require(
            try received.events.first { $0["event"] as? String == "connected" }?["device"]
                as? String)
        #expect(terminal.screen().contains("device \(device) at 127.0.0.1:"))
    }
}

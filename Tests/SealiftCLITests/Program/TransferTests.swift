import Foundation
import Testing

@Suite("sealift send and receive")
struct TransferTests {
    @Test("arrive at one root, the one that sealift hash prints")
    func transfer() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "source/d/b")
        try sealift.write("", to: "source/d/empty")
        let sender = try sealift.start(
            [
                "send", "--json", "--listen", "127.0.0.1:0", "--wait", "60s", "--ticket-file", "t",
                "source/d",
            ],
            name: "sender")
        defer { sender.terminate() }
        let ticket = try sealift.ticket(in: "t", of: sender, name: "sender")

        let look = try sealift.run(["receive", "--dry-run", "--json"], input: ticket + "\n")
        #expect(look.status == 0)
        let names = try look.events.filter { $0["event"] as? String == "entry" }
        #expect(names.map { $0["path"] as? String } == ["d", "d/b", "d/empty"])

        let receiver = try sealift.run(
            ["receive", "--yes", "--json", "--output", "target", "--ticket-file", "t"])
        #expect(receiver.status == 0)
        let sent = try sealift.finish(sender, name: "sender")
        #expect(sent.status == 0)

        let root = try sealift.run(["hash", "target/d"]).output.split(separator: "\n").last?.prefix(
            64)
        for outcome in [receiver, sent] {
            let last = try #require(try outcome.events.last)
            #expect(last["event"] as? String == "complete")
            #expect(last["root"] as? String == root.map(String.init))
            #expect(last["files"] as? Int == 2)
            #expect(last["bytes"] as? Int == 3)
            #expect(last["resent_proven"] as? Int == 0)
        }
        #expect(try sealift.text("target/d/b") == "abc")
    }
}

import Foundation
import Testing

@Suite("A receiver whose sender goes away")
struct ReconnectionTests {
    @Test("waits for it and goes on from what is proven when it is back, without asking again")
    func senderComesBack() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.writeBytes(64 << 20, to: "big")
        let send = ["send", "--json", "--listen", "127.0.0.1:0", "--ticket-file", "t", "big"]
        let home = ["SEALIFT_HOME": sealift.folder.appendingPathComponent("home").path]
        // Slow enough that it cannot be over before it is stopped.
        let first = try sealift.start(
            send + ["--rate", "100mbit"], name: "first", environment: home)
        _ = try sealift.ticket(in: "t", of: first, name: "first")
        let receiver = try sealift.start(
            ["receive", "--yes", "--json", "--output", "target", "--ticket-file", "t"],
            name: "receiver")
        defer { receiver.terminate() }
        try sealift.wait(for: receiver, name: "receiver", toSay: #""event":"progress""#)
        first.terminate()
        #expect(try sealift.finish(first, name: "first").status == 75)
        try sealift.wait(for: receiver, name: "receiver", toSay: #""event":"reconnecting""#)

        let second = try sealift.start(send, name: "second", environment: home)
        defer { second.terminate() }
        let received = try sealift.finish(receiver, name: "receiver")
        #expect(received.status == 0, "\(received.error)")
        #expect(try sealift.finish(second, name: "second").status == 0)
        let events = try received.events
        #expect(events.filter { $0["event"] as? String == "offer" }.count == 1)
        #expect(events.filter { $0["event"] as? String == "connected" }.count == 2)
        let summary = try #require(events.last)
        #expect(summary["received"] as? Int == 64 << 20)
        #expect(summary["reused"] as? Int == 0)
        #expect(summary["resent_proven"] as? Int == 0)
        #expect(
            try Data(contentsOf: sealift.folder.appendingPathComponent("big"))
                == Data(contentsOf: sealift.folder.appendingPathComponent("target/big")))
    }
}

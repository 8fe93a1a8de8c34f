import Foundation
import Testing

@Suite("Receipts")
struct ReceiptTests {
    /// Sends `source` from ann's home to bob's, into a folder of its own.
    private static func transfer(_ sealift: SealiftProcess, _ number: Int) throws {
        let sender = try sealift.start(
            [
                "send", "--json", "--listen", "127.0.0.1:0", "--ticket-file", "t\(number)",
                "source",
            ], name: "ann")
        defer { sender.terminate() }
        _ = try sealift.ticket(in: "t\(number)", of: sender, name: "ann")
        let receiver = try sealift.start(
            ["receive", "--yes", "--ticket-file", "t\(number)", "--output", "target\(number)"],
            name: "bob")
        let received = try sealift.finish(receiver, name: "bob")
        #expect(received.status == 0, "\(received.error)")
        let sent = try sealift.finish(sender, name: "ann")
        #expect(sent.status == 0, "\(sent.error)")
        #expect(!sent.error.contains("receipt") && !received.error.contains("receipt"))
    }

    private static func verified(
        _ sealift: SealiftProcess, _ name: String
    ) throws -> (status: Int32, event: [String: Any]) {
        let outcome = try sealift.run(
            ["log", "verify", "--json"],
            environment: [
                "SEALIFT_HOME": sealift.folder.appendingPathComponent("home-\(name)").path
            ])
        return (outcome.status, try #require(try outcome.events.first))
    }

    @Test("of every transfer are kept by both ends, and bear witness to both logs")
    func kept() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("content", to: "source/a")
        for number in 1...2 { try Self.transfer(sealift, number) }
        for name in ["ann", "bob"] {
            let verified = try Self.verified(sealift, name)
            #expect(verified.status == 0)
            #expect(verified.event["witnesses"] as? Int == 2)
        }
    }

    @Test("yesterday's home put back is found through one peer, at the next transfer with it")
    func putBack() throws {
        for victim in ["ann", "bob"] {
            let sealift = try SealiftProcess()
            defer { sealift.remove() }
            try sealift.write("content", to: "source/a")
            try Self.transfer(sealift, 1)
            let home = sealift.folder.appendingPathComponent("home-\(victim)")
            let yesterday = sealift.folder.appendingPathComponent("yesterday")
            try FileManager.default.copyItem(at: home, to: yesterday)
            try Self.transfer(sealift, 2)
            #expect(try Self.verified(sealift, victim).status == 0)
            // Database, head and all.
            try FileManager.default.removeItem(at: home)
            try FileManager.default.moveItem(at: yesterday, to: home)
            let alone = try Self.verified(sealift, victim)
            #expect(alone.status == 0 && alone.event["witnesses"] as? Int == 1)
            try Self.transfer(sealift, 3)
            let found = try Self.verified(sealift, victim)
            #expect(found.status == 5, "\(victim)")
            #expect(found.event["finding"] as? String == "rewritten")
        }
    }
}

import Foundation
import Testing

@Suite("A receiver that left something out")
struct TicketReturnTests {
    @Test("comes back for it with the same ticket, which is spent when it has everything")
    func comesBack() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("one", to: "tree/a")
        try sealift.write("two", to: "tree/b")
        let send = ["send", "--json", "--listen", "127.0.0.1:0", "--ticket-file", "t", "tree"]
        let home = ["SEALIFT_HOME": sealift.folder.appendingPathComponent("home").path]
        for (number, choice) in [["--exclude", "b"], []].enumerated() {
            let sender = try sealift.start(send, name: "send-\(number)", environment: home)
            defer { sender.terminate() }
            try sealift.wait(for: sender, name: "send-\(number)", toSay: #""event":"listening""#)
            let receive =
                [
                    "receive", "--yes", "--json", "--output", "target-\(number)", "--ticket-file",
                    "t",
                ]
                + choice
            let received = try sealift.run(
                receive,
                environment: [
                    "SEALIFT_HOME": sealift.folder.appendingPathComponent("home-there").path
                ])
            #expect(received.status == 0, "\(received.error)")
            let sent = try sealift.finish(sender, name: "send-\(number)")
            #expect(sent.status == 0, "\(sent.error)")
            #expect(try received.events.last?["whole"] as? Bool == (number == 1))
        }
        #expect(try sealift.text("target-1/tree/b") == "two")
        let third = try sealift.run(send, environment: home)
        #expect(third.status == 7)
        #expect(third.error.contains("spent") || third.output.contains("spent"))
    }
}

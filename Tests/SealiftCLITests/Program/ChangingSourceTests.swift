import Foundation
import Testing

@Suite("A source that changes after it was listed")
struct ChangingSourceTests {
    /// What happens to a file between the listing and its reading.
    enum Change: String, CaseIterable {
        case vanishes, shrinks, grows, isRewritten
    }

    @Test(
        "is named at both ends, everything else arrives, and both end with 8",
        arguments: Change.allCases)
    func changes(change: Change) throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "source/d/a")
        try sealift.writeBytes(1 << 20, to: "source/d/b")
        try sealift.write("", to: "source/d/c")
        let sender = try sealift.start(
            ["send", "--json", "--listen", "127.0.0.1:0", "--ticket-file", "t", "source/d"],
            name: "sender")
        defer { sender.terminate() }
        _ = try sealift.ticket(in: "t", of: sender, name: "sender")
        let file = sealift.folder.appendingPathComponent("source/d/b")
        switch change {
        case .vanishes: try FileManager.default.removeItem(at: file)
        case .shrinks: try sealift.writeBytes(1 << 19, to: "source/d/b")
        case .grows: try sealift.writeBytes(1 << 21, to: "source/d/b")
        case .isRewritten:
            let handle = try FileHandle(forWritingTo: file)
            try handle.write(contentsOf: Data("changed".utf8))
            try handle.close()
        }
        let received = try sealift.run([
            "receive", "--yes", "--json", "--ticket-file", "t", "--output", "target",
        ])
        let sent = try sealift.finish(sender, name: "sender")
        for outcome in [received, sent] {
            #expect(outcome.status == 8, "\(outcome.error)")
            let events = try outcome.events
            let failed = events.filter { $0["result"] as? String == "failed" }
            #expect(failed.map { $0["path"] as? String } == ["d/b"])
            let summary = try #require(events.last)
            #expect(summary["files"] as? Int == 2 && summary["failed"] as? Int == 1)
        }
        #expect(
            try received.events.last?["root"] as? String == sent.events.last?["root"] as? String)
        #expect(try sealift.text("target/d/a") == "abc" && sealift.text("target/d/c") == "")
        let progress = try sent.events.last { $0["event"] as? String == "progress" }
        #expect(progress?["files_done"] as? Int == 2)
    }

    @Test("reports every file once, and ends its progress with all")
    func events() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "source/d/a")
        try sealift.write("", to: "source/d/b")
        try sealift.writeBytes(600_000, to: "source/d/c")
        let sender = try sealift.start(
            ["send", "--json", "--listen", "127.0.0.1:0", "--ticket-file", "t", "source/d"],
            name: "sender")
        defer { sender.terminate() }
        _ = try sealift.ticket(in: "t", of: sender, name: "sender")
        let received = try sealift.run([
            "receive", "--yes", "--json", "--ticket-file", "t", "--output", "target",
        ])
        let sent = try sealift.finish(sender, name: "sender")
        for (outcome, result) in [(received, "received"), (sent, "sent")] {
            #expect(outcome.status == 0, "\(outcome.error)")
            let files = try outcome.events.filter { $0["event"] as? String == "file" }
            #expect(Set(files.compactMap { $0["path"] as? String }) == ["d/a", "d/b", "d/c"])
            #expect(files.count == 3 && files.allSatisfy { $0["result"] as? String == result })
            let progress = try #require(
                try outcome.events.last { $0["event"] as? String == "progress" })
            #expect(progress["bytes_done"] as? Int == 600_003)
            #expect(progress["bytes_total"] as? Int == 600_003)
            #expect(progress["files_done"] as? Int == 3)
        }
    }
}

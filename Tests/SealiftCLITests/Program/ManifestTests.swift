import Foundation
import Testing

@Suite("A manifest")
struct ManifestTests {
    /// A transfer with `--manifest` at both ends, ended well.
    private func transfer(_ sealift: SealiftProcess) throws {
        try sealift.write("abc", to: "source/d/b")
        try sealift.write("", to: "source/d/empty")
        try sealift.write("odd", to: "source/d/a\\ \u{202E}name")
        let sender = try sealift.start(
            [
                "send", "--listen", "127.0.0.1:0", "--ticket-file", "t", "--manifest", "sent",
                "source/d",
            ],
            name: "sender")
        defer { sender.terminate() }
        _ = try sealift.ticket(in: "t", of: sender, name: "sender")
        let received = try sealift.run([
            "receive", "--yes", "--output", "target", "--ticket-file", "t", "--manifest",
            "received",
        ])
        #expect(received.status == 0, "\(received.error)")
        #expect(try sealift.finish(sender, name: "sender").status == 0)
    }

    @Test("has the same bytes at both ends, and proves the tree again later")
    func bothEnds() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try transfer(sealift)
        let text = try sealift.text("sent")
        #expect(try sealift.text("received") == text)
        #expect(text.hasPrefix("sealift manifest 1\nroot "))
        #expect(text.split(separator: "\n").count == 6)
        for folder in ["source", "target", "target/"] {
            let proof = try sealift.run(["verify", folder, "--manifest", "received"])
            #expect(proof.status == 0, "\(proof.error)")
            #expect(proof.output.isEmpty)
        }
        let root = try sealift.run(["hash", "target/d"]).output.split(separator: "\n").last
        #expect(text.contains("root \(try #require(root).prefix(64))\n"))
    }

    @Test("names what is missing, changed and extra, and ends with 5")
    func differences() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try transfer(sealift)
        try sealift.write("abd", to: "target/d/b")
        try sealift.write("more", to: "target/d/c")
        try sealift.write("beside", to: "target/e")
        try FileManager.default.removeItem(
            at: sealift.folder.appendingPathComponent("target/d/empty"))
        let proof = try sealift.run(["verify", "--json", "target", "--manifest", "received"])
        #expect(proof.status == 5)
        let events = try proof.events
        let results = events.filter { $0["event"] as? String == "verify" }.map {
            "\($0["path"] as? String ?? "") \($0["result"] as? String ?? "")"
        }
        #expect(
            results == [
                "d matches", "d/a\\\\ \\u{202e}name matches", "d/b changed", "d/c extra",
                "d/empty missing",
            ])
        #expect(events.last?["code"] as? String == "tree_differs")
        let lines = try sealift.run(["verify", "target", "--manifest", "received"]).output
        #expect(lines == "changed  d/b: its content is another\nextra  d/c\nmissing  d/empty\n")
        let gone = try sealift.run(["verify", "source/d", "--manifest", "received"])
        #expect(gone.status == 5 && gone.output.contains("missing  d/b\n"))
    }

    @Test("that was altered or cut is found before anything is hashed")
    func damage() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try transfer(sealift)
        let text = try sealift.text("sent")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let damaged = [
            "", "hello\n", String(text.dropLast()), text + "x",
            lines.dropLast(2).joined(separator: "\n") + "\n",
            text.replacingOccurrences(of: "  3  ", with: "  4  "),
            (lines.prefix(2) + [lines[4], lines[3]] + lines.suffix(2)).joined(separator: "\n"),
        ]
        for text in damaged {
            try sealift.write(text, to: "damaged")
            let proof = try sealift.run(["verify", "--json", "target", "--manifest", "damaged"])
            #expect(proof.status == 5)
            let events = try proof.events
            #expect(events.count == 1 && events.last?["code"] as? String == "manifest_damaged")
        }
        #expect(try sealift.run(["verify", "target", "--manifest", "nowhere"]).status == 6)
        #expect(try sealift.run(["verify", "nowhere", "--manifest", "sent"]).status == 6)
    }
}

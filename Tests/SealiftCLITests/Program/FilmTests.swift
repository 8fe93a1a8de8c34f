import Foundation
import Testing

@Suite("sealift log export --mhl")
struct FilmTests {
    /// The text of the elements called `name`.
    private static func elements(_ name: String, in text: String) -> [String] {
        text.components(separatedBy: "<\(name) ").dropFirst().compactMap { part in
            guard let start = part.firstIndex(of: ">"), let end = part.range(of: "</\(name)>")
            else { return nil }
            return String(part[part.index(after: start)..<end.lowerBound])
        }
    }

    private static func delivered() throws -> SealiftProcess {
        let sealift = try SealiftProcess()
        try sealift.write("", to: "A002/Clips/empty.mov")
        try sealift.write("abc", to: "A002/Clips/a<b>&\"c\".mov")
        try sealift.writeBytes(600_000, to: "A002/Clips/long.mov")
        let sender = try sealift.start(
            ["send", "--listen", "127.0.0.1:0", "--ticket-file", "t", "A002"], name: "ann")
        defer { sender.terminate() }
        _ = try sealift.ticket(in: "t", of: sender, name: "ann")
        let received = try sealift.finish(
            sealift.start(
                ["receive", "--yes", "--ticket-file", "t", "--output", "target"], name: "bob"),
            name: "bob")
        #expect(received.status == 0, "\(received.error)")
        #expect(try sealift.finish(sender, name: "ann").status == 0)
        return sealift
    }

    private static func export(
        _ sealift: SealiftProcess, _ person: String, _ arguments: [String]
    ) throws -> SealiftProcess.Outcome {
        try sealift.run(
            ["log", "export", "--mhl"] + arguments,
            environment: [
                "SEALIFT_HOME": sealift.folder.appendingPathComponent("home-\(person)").path
            ])
    }

    @Test("lists every file of a delivered tree with the hash that film tools know, at both ends")
    func list() throws {
        let sealift = try Self.delivered()
        defer { sealift.remove() }
        // C4 IDs of nothing and of "abc": SHA-512 in base 58, computed by Python.
        let empty =
            "c459dsjfscH38cYeXXYogktxf4Cd9ibshE3BHUo6a58hBXmRQdZrAkZzsWcbWtDg5oQstpDuni4Hirj75GEmTc1sFT"
        for (person, folder, process) in [
            ("ann", "A002", "in-place"), ("bob", "target/A002", "transfer"),
        ] {
            let made = try Self.export(sealift, person, [folder])
            #expect(made.status == 0, "\(made.error)")
            let list = made.output
            #expect(list.contains("<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\">"))
            #expect(list.contains("<process>\(process)</process>"))
            #expect(
                Self.elements("path", in: list)
                    == [
                        "Clips/a&lt;b&gt;&amp;&quot;c&quot;.mov", "Clips/empty.mov",
                        "Clips/long.mov",
                    ])
            let hashes = Self.elements("c4", in: list)
            #expect(hashes.count == 3 && hashes[1] == empty)
            #expect(hashes.allSatisfy { $0.utf8.count == 90 && $0.hasPrefix("c4") })
            let document = XMLDocumentCheck.isWellFormed(list)
            #expect(document)
        }
        // md5 and sha1 of "abc".
        for (kind, hash) in [
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ] {
            let made = try Self.export(
                sealift, "bob", ["target/A002", "--hash", kind, "--output", "list-\(kind)"])
            #expect(made.status == 0 && made.output.isEmpty, "\(made.error)")
            let text = try sealift.text("list-\(kind)")
            #expect(Self.elements(kind, in: text).first == hash)
            let again = try Self.export(
                sealift, "bob", ["target/A002", "--output", "list-\(kind)"])
            #expect(again.status == 7)
        }
    }

    @Test("writes nothing of a tree that no receipt is of: changed, renamed, or never delivered")
    func unproven() throws {
        let sealift = try Self.delivered()
        defer { sealift.remove() }
        let files = FileManager.default
        let folder = sealift.folder.path
        try files.moveItem(atPath: folder + "/target/A002", toPath: folder + "/target/A003")
        for place in ["target/A003", "target"] {
            let made = try Self.export(sealift, "bob", [place, "--output", "list"])
            #expect(made.status == 5 && made.error.contains("receipt"), "\(made.error)")
            #expect(!files.fileExists(atPath: folder + "/list"))
        }
        try files.moveItem(atPath: folder + "/target/A003", toPath: folder + "/target/A002")
        #expect(try Self.export(sealift, "bob", ["target/A002"]).status == 0)
        try sealift.write("abd", to: "target/A002/Clips/empty.mov")
        let changed = try Self.export(sealift, "bob", ["target/A002"])
        #expect(changed.status == 5 && changed.output.isEmpty)
        let stranger = try Self.export(sealift, "eve", ["A002"])
        #expect(stranger.status == 5)
    }
}

/// A look at the form of a document: tags that open and close in order, and no bare sign.
private enum XMLDocumentCheck {
    static func isWellFormed(_ text: String) -> Bool {
        var open: [Substring] = []
        var rest = text.replacing("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", with: "")[...]
        while let start = rest.firstIndex(of: "<") {
            guard !rest[..<start].contains(">"), let end = rest[start...].firstIndex(of: ">")
            else { return false }
            let tag = rest[rest.index(after: start)..<end]
            guard !tag.contains("<") else { return false }
            if tag.hasPrefix("/") {
                guard open.popLast() == tag.dropFirst() else { return false }
            } else {
                open.append(tag.prefix { $0 != " " })
            }
            rest = rest[rest.index(after: end)...]
        }
        return open.isEmpty
    }
}

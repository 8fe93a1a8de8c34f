import SealiftBase
import SealiftContent
import SealiftTestSupport
import Testing

@Suite("The manifest as text")
struct ManifestTextTests {
    private let zeros = String(repeating: "0", count: 64)

    @Test("has one line an entry")
    func form() throws {
        let file = ManifestEntry(
            try Samples.file("d/a b", size: 5, isExecutable: true),
            root: ContentID(of: Samples.content(5)).root)
        #expect(
            ManifestText.line(file) == "x \(file.content.root.hexadecimal)  5  d/a b\n")
        let folder = ManifestEntry(try Samples.directory("d"), root: nil)
        #expect(ManifestText.line(folder) == "d \(zeros)  0  d\n")
        #expect(ManifestText.header(root: .zero) == "sealift manifest 1\nroot \(zeros)\n")
    }

    @Test("is read back as what was written, whatever the names are", arguments: UInt64(0)..<200)
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let scalars = "aé日\\\u{202E}\u{200D}\u{E000} .\u{1F600}{}xu".unicodeScalars.map { $0 }
        var name = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 1...30, using: &generator) {
            name.append(scalars.randomElement(using: &generator) ?? "a")
        }
        let path = try EntryPath(Array(("n" + String(name) + "n").utf8))
        let entry = ManifestEntry(
            path: path, kind: .file, isExecutable: seed % 2 == 0,
            content: ContentID(length: generator.next(), root: .zero))
        let line = ManifestText.line(entry)
        #expect(line.utf8.count <= ManifestText.maximumLineLength)
        #expect(try ManifestText.entry(in: String(line.dropLast())) == entry)
    }

    @Test("has one spelling: every other line is refused")
    func strictness() throws {
        let good = "f \(zeros)  5  d/a"
        #expect(try ManifestText.entry(in: good).content.length == 5)
        let bad = [
            "", "f", "q \(zeros)  5  a", "f \(zeros) 5  a", "f \(zeros)  05  a",
            "f \(zeros)  +5  a", "f \(zeros)  5  ../a", "f \(zeros)  5  /a", "f \(zeros)  5  ",
            "f \(zeros.dropLast())  5  a", "f \(zeros)  5  \\x61", "f \(zeros)  5  a\\",
            "f \(zeros)  5  \\u{61}", "f \(zeros)  5  a\\xz", "F \(zeros)  5  a",
            "f \(zeros)  99999999999999999999  a", "f \(String(repeating: "A", count: 64))  5  a",
        ]
        for line in bad {
            #expect(throws: ManifestText.Violation.malformedLine, "\(line)") {
                _ = try ManifestText.entry(in: line)
            }
        }
        #expect(throws: ManifestText.Violation.notAManifest) {
            try ManifestText.checkFirstLine("sealift")
        }
        #expect(throws: ManifestText.Violation.unknownVersion) {
            try ManifestText.checkFirstLine("sealift manifest 2")
        }
        #expect(throws: ManifestText.Violation.malformedLine) {
            _ = try ManifestText.root(in: "root \(zeros) ")
        }
    }

    @Test("adds up to the root of the entries themselves")
    func root() throws {
        let entries = [try Samples.directory("d"), try Samples.file("d/e")]
        var direct = ManifestHasher()
        var read = ManifestHasher()
        for entry in entries {
            direct.append(entry, root: nil)
            let line = ManifestText.line(ManifestEntry(entry, root: nil))
            read.append(try ManifestText.entry(in: String(line.dropLast())))
        }
        #expect(direct.finalize() == read.finalize())
    }
}

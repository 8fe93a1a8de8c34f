import Foundation
import Testing

@Suite("sealift hash")
struct HashCommandTests {
    private let zeros = String(repeating: "0", count: 64)
    private let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test("prints a line a file and the folder's root last")
    func folder() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "d/b")
        try sealift.write("", to: "d/a")
        let outcome = try sealift.run(["hash", "d/"])
        #expect(outcome.status == 0)
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 3)
        #expect(lines[0] == "\(zeros)  d/a")
        #expect(lines[1] == "\(abc)  d/b")
        #expect(lines[2].hasSuffix("  d/") && lines[2].count == 68)
        #expect(
            try sealift.run(["hash", "./d"]).output.hasSuffix("\(lines[2].prefix(64))  ./d/\n"))
    }

    @Test("prints lines that sha256sum accepts, whatever the names are")
    func sha256sum() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "d/plain name")
        try sealift.write("abc", to: "d/back\\slash\\n")
        try sealift.write("", to: "d/é/empty")
        let outcome = try sealift.run(["hash", "--sha256", "d"])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("\\\(abc)  d/back\\\\slash\\\\n\n"))
        try sealift.write(outcome.output, to: "sums")
        let check = Process()
        check.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        check.arguments = ["sha256sum", "--check", "--strict", "--quiet", "sums"]
        check.currentDirectoryURL = sealift.folder
        try check.run()
        check.waitUntilExit()
        #expect(check.terminationStatus == 0)
    }

    @Test("goes on after what it cannot read, and ends with 6")
    func missing() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "there")
        let outcome = try sealift.run(["hash", "missing", "there"])
        #expect(outcome.status == 6)
        #expect(outcome.output == "\(abc)  there\n")
        #expect(outcome.error.contains("failed: missing: does not exist\n"))
    }

    @Test("writes JSON, with the bytes of paths that are no clean text")
    func json() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "d/back\\slash")
        let events = try sealift.run(["hash", "--json", "d"]).events
        #expect(events.map { $0["event"] as? String } == ["hash", "hash"])
        #expect(events[0]["path"] as? String == "d/back\\\\slash")
        let bytes = try #require(events[0]["path_base64"] as? String)
        #expect(Data(base64Encoded: bytes) == Data("d/back\\slash".utf8))
        #expect(events[0]["hash"] as? String == abc)
        #expect(events[1]["kind"] as? String == "directory")
    }
}

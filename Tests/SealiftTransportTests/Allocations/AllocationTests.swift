import Foundation
import Testing

/// Counts, not times: `partbench` brings a malloc that counts, and says what a run of a part made.
@Suite("Allocations")
struct AllocationTests {
    @Test(
        "are none for a packet of a transfer, a stranger's datagram, a gap or a path challenge",
        arguments: [
            "seal", "open", "packetise", "reassemble", "acknowledge", "strangers", "gaps",
            "challenges",
        ])
    func none(part: String) throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = try Self.partbench()
        process.arguments = [part, "runs", "400"]
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let words = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        let place = try #require(words.firstIndex(of: "allocations_median"))
        #expect(words[place + 1] == "0", "\(String(decoding: data, as: UTF8.self))")
    }

    /// It was built with these tests and lies beside them.
    private static func partbench() throws -> URL {
        let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let bundles = CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
        let candidates = ([executable] + bundles.map { URL(filePath: $0) }).map {
            $0.deletingLastPathComponent().appending(path: "partbench")
        }
        return try #require(
            candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) },
            "partbench is not beside the tests")
    }
}

import Foundation
import Testing

/// A short selection of the NAT lab (`scripts/netlab`); all of it is `make netlab`.
@Suite("The NAT lab", .serialized)
struct NetlabTests {
    private static let script = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "scripts/netlab")

    /// Why the lab cannot be built on this machine; nil where it can.
    private static let whatIsMissing: String? = {
        do {
            let outcome = try run(["--check"])
            return outcome.status == 0 ? nil : outcome.output
        } catch {
            return "\(error)"
        }
    }()

    private static let isThere = whatIsMissing == nil

    @Test(
        "has routers that map and filter as they are called",
        .enabled(if: isThere, "\(whatIsMissing ?? "")"))
    func routers() throws {
        try expectAll(["router-easy", "router-restricted", "router-hard", "router-hairpin"])
    }

    @Test(
        "joins two ends that can be joined, and the files arrive",
        .enabled(if: isThere, "\(whatIsMissing ?? "")"))
    func pairs() throws {
        try expectAll(["none-easy", "one-house"])
    }

    private func expectAll(_ rows: [String]) throws {
        // How long it takes is for `make netlab`: this machine may be busy.
        let outcome = try Self.run(["--json", "--untimed"] + rows.flatMap { ["--only", $0] })
        struct Report: Decodable {
            struct Row: Decodable {
                var row: String
                var ok: Bool
                var detail: String
            }
            var rows: [Row]
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
        #expect(report.rows.map(\.row).sorted() == rows.sorted())
        for row in report.rows { #expect(row.ok, "\(row.row): \(row.detail)") }
    }

    private static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-B", script.path] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["SEALIFT_BINARY": try SealiftProcess.binary().path]
        ) { _, chosen in chosen }
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (
            process.terminationStatus,
            String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        )
    }
}

import Foundation

/// A script of `scripts/` that makes hosts of network namespaces, and plays the built program on them.
struct LabScript {
    private let file: URL
    /// Why it cannot run on this machine; nil where it can.
    let whatIsMissing: String?

    /// Whether it can run on this machine.
    var isThere: Bool { whatIsMissing == nil }

    init(_ name: String) {
        let file = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "scripts/\(name)")
        self.file = file
        do {
            let outcome = try Self.run(file, ["--check"])
            whatIsMissing = outcome.status == 0 ? nil : outcome.output
        } catch {
            whatIsMissing = "\(error)"
        }
    }

    /// Runs it to its end, and gives what it wrote to standard output.
    func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        try Self.run(file, arguments)
    }

    private static func run(_ file: URL, _ arguments: [String]) throws
        -> (status: Int32, output: String)
    {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-B", file.path] + arguments
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

import Foundation
import Testing

/// The Python package in `Tests/Peers`: a second implementation, written from `docs/PROTOCOL.md`.
enum PeerScripts {
    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Peers")

    /// Whether Python and the packages the scripts import are there.
    static let areReady: Bool = {
        let check = "import sys, cryptography, kyber_py; sys.exit(sys.version_info < (3, 11))"
        return (try? run(["-c", check]))?.status == 0
    }()

    static let whatIsMissing =
        "needs Python 3.11 and: pip install cryptography==48.0.0 kyber-py==1.2.0"

    /// One attack, and how the list says that the attacked end may finish.
    struct Variant: Sendable, CustomTestStringConvertible {
        let name: String
        let ending: String

        var testDescription: String { name }
    }

    /// The attacks that a script lists; none when the scripts cannot run.
    static func variants(of script: String) -> [Variant] {
        guard areReady, let outcome = try? run([path(script), "--list"]) else { return [] }
        return outcome.output.split(separator: "\n").map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            return Variant(
                name: String(fields[0]), ending: fields.count > 1 ? String(fields[1]) : "")
        }
    }

    static func path(_ script: String) -> String { folder.appending(path: script).path }

    private static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-B"] + arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}

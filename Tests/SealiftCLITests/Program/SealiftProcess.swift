import Foundation
import SealiftTestSupport
import Testing

/// Runs the built `sealift` as a user would.
struct SealiftProcess {
    struct Outcome {
        var status: Int32
        var output: String
        var error: String

        /// The JSON objects on standard output, one a line.
        var events: [[String: Any]] {
            get throws {
                try output.split(separator: "\n").map { line in
                    let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
                    return try #require(value as? [String: Any])
                }
            }
        }
    }

    /// A folder of its own, removed by ``remove()``: state, inputs and outputs.
    var folder: URL { temporary.url }
    private let temporary: TemporaryFolder

    init() throws {
        temporary = TemporaryFolder()
    }

    func remove() {
        temporary.remove()
    }

    /// Starts `sealift` in the folder; its output goes to files there named after `name`.
    func start(
        _ arguments: [String], name: String, input: String? = nil,
        environment: [String: String] = [:], terminal: PseudoTerminal? = nil
    ) throws -> Process {
        // What is ignored here would be ignored there (`make test &`), and no signal would end it.
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
        let process = Process()
        process.executableURL = try Self.binary()
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = environment.merging(
            ["SEALIFT_HOME": folder.appendingPathComponent("home-\(name)").path, "TERM": "xterm"]
        ) { given, _ in given }
        process.standardInput = try terminal?.processSide ?? inputHandle(input, name: name)
        process.standardOutput = try handle("\(name).out")
        process.standardError = try terminal?.processSide ?? handle("\(name).err")
        try process.run()
        return process
    }

    /// Waits until the sender called `name` wrote its ticket file, which happens before it listens to
    /// anybody.
    func ticket(in file: String, of sender: Process, name: String) throws -> String {
        try wait(for: sender, name: name) { (try? text(file))?.hasSuffix("\n") == true }
        return try text(file).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Waits until the process called `name` wrote `text` to its standard output or error.
    func wait(for process: Process, name: String, toSay text: String) throws {
        try wait(for: process, name: name) {
            ["out", "err"].contains { (try? self.text("\(name).\($0)"))?.contains(text) == true }
        }
    }

    /// Waits until the standard output of the process called `name` is as `isEnough` wants it.
    func wait(for process: Process, name: String, output isEnough: (String) -> Bool) throws {
        try wait(for: process, name: name) {
            (try? self.text("\(name).out")).map(isEnough) ?? false
        }
    }

    /// Waits until the process called `name` showed `text` on its terminal.
    func wait(
        for process: Process, name: String, toShow text: String, on terminal: PseudoTerminal
    ) throws {
        try wait(for: process, name: name) { terminal.screen().contains(text) }
    }

    /// Waits for the end of a process on a terminal, which is read meanwhile.
    func finish(_ process: Process, on terminal: PseudoTerminal) -> Int32 {
        while process.isRunning {
            _ = terminal.screen()
            sched_yield()
        }
        return process.terminationStatus
    }

    private func wait(for process: Process, name: String, until isDone: () -> Bool) throws {
        while !isDone() {
            guard process.isRunning else {
                // What was written last counts too.
                if isDone() { return }
                let outcome = try finish(process, name: name)
                throw EndedEarly(status: outcome.status, error: outcome.error)
            }
            sched_yield()
        }
    }

    /// A process ended before it did what was waited for.
    struct EndedEarly: Error {
        var status: Int32
        var error: String
    }

    /// Waits for a process that ``start(_:name:input:environment:)`` gave.
    func finish(_ process: Process, name: String) throws -> Outcome {
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: try text("\(name).out"),
            error: (try? text("\(name).err")) ?? "")
    }

    /// Runs `sealift` to its end.
    func run(
        _ arguments: [String], input: String? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        let name = UUID().uuidString
        let process = try start(arguments, name: name, input: input, environment: environment)
        return try finish(process, name: name)
    }

    func write(_ text: String, to name: String) throws {
        let file = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// Writes `count` bytes without holes, each run of 8 different, to the file `name`.
    func writeBytes(_ count: Int, to name: String) throws {
        let file = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        let words = (1...UInt64(count / 8)).map { $0 &* 0x9E37_79B9_7F4A_7C15 }
        try words.withUnsafeBytes { try Data($0).write(to: file) }
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
    }

    private func handle(_ name: String) throws -> FileHandle {
        let file = folder.appendingPathComponent(name)
        try Data().write(to: file)
        return try FileHandle(forWritingTo: file)
    }

    private func inputHandle(_ input: String?, name: String) throws -> FileHandle {
        guard let input else { return FileHandle.nullDevice }
        try write(input, to: "\(name).in")
        return try FileHandle(forReadingFrom: folder.appendingPathComponent("\(name).in"))
    }

    /// The program that was built with these tests: it lies beside them.
    static func binary() throws -> URL {
        let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let bundles = CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
        let neighbours = [executable] + bundles.map { URL(fileURLWithPath: $0) }
        let candidates = neighbours.map {
            $0.deletingLastPathComponent().appendingPathComponent("sealift")
        }
        return try #require(
            candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) },
            "the sealift program is not beside the tests")
    }
}

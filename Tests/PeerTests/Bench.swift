import Foundation
import Testing

/// A folder and the processes of one test; both are gone when the test ends.
final class Bench: @unchecked Sendable {
    // Used by one test, one step after another; `@unchecked` because its processes end on other
    // threads, which touch only their own box.

    let folder: URL
    private var running: [Running] = []

    /// A program that was started.
    final class Running: @unchecked Sendable {
        fileprivate let process = Process()
        fileprivate let ended: AsyncStream<Int32>
        let name: String

        fileprivate init(name: String) {
            self.name = name
            let (stream, continuation) = AsyncStream<Int32>.makeStream()
            ended = stream
            process.terminationHandler = { process in
                continuation.yield(process.terminationStatus)
                continuation.finish()
            }
        }

        var identifier: Int32 { process.processIdentifier }
        func interrupt() { process.interrupt() }
    }

    struct TookTooLong: Error, CustomStringConvertible {
        let description: String
    }

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "sealift-peers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func clear() {
        for program in running where program.process.isRunning {
            kill(program.identifier, SIGKILL)
        }
        try? FileManager.default.removeItem(at: folder)
    }

    // MARK: Programs

    func startSealift(_ arguments: [String], name: String, ticket: String? = nil) throws -> Running
    {
        try start(try Self.sealift().path, arguments, name: name, ticket: ticket)
    }

    func startScript(
        _ script: String, _ arguments: [String], name: String, ticket: String? = nil
    ) throws -> Running {
        let arguments = ["python3", "-B", PeerScripts.path(script)] + arguments
        return try start("/usr/bin/env", arguments, name: name, ticket: ticket)
    }

    private func start(
        _ program: String, _ arguments: [String], name: String, ticket: String?
    ) throws -> Running {
        let started = Running(name: name)
        var environment = ProcessInfo.processInfo.environment
        environment["SEALIFT_HOME"] = folder.appending(path: "home-\(name)").path
        environment["SEALIFT_TICKET"] = ticket
        // What a script leaves behind goes with the folder.
        environment["TMPDIR"] = folder.path
        environment["SWIFT_BACKTRACE"] = "enable=no"
        started.process.executableURL = URL(filePath: program)
        started.process.arguments = arguments
        started.process.environment = environment
        started.process.currentDirectoryURL = folder
        started.process.standardInput = FileHandle.nullDevice
        started.process.standardOutput = try handle("\(name).out")
        started.process.standardError = try handle("\(name).err")
        try started.process.run()
        running.append(started)
        return started
    }

    /// The exit status, within a time; past it the program is killed and the test fails.
    func finish(_ program: Running, within limit: Duration) async throws -> Int32 {
        let status = await withTaskGroup(of: Int32?.self) { group in
            group.addTask {
                for await status in program.ended { return status }; return nil
            }
            group.addTask {
                try? await Task.sleep(for: limit); return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        guard let status else {
            kill(program.identifier, SIGKILL)
            throw TookTooLong(description: "\(program.name) ran longer than \(limit)")
        }
        return status
    }

    /// The one line that a sender prints.
    func ticket(of program: Running) async throws -> String {
        for _ in 0..<600 {
            let output = text("\(program.name).out")
            if let end = output.firstIndex(of: "\n") { return String(output[..<end]) }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw TookTooLong(description: "\(program.name) printed no ticket: \(errors(program))")
    }

    func errors(_ program: Running) -> String { String(text("\(program.name).err").suffix(2_000)) }

    // MARK: Files

    func text(_ name: String) -> String {
        let data = try? Data(contentsOf: folder.appending(path: name))
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    func write(_ data: Data, to name: String) throws {
        let file = folder.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: file)
    }

    /// Every path below a folder, in order; `.sealift` and what is in it left out.
    func paths(below name: String) -> [String] {
        let root = folder.appending(path: name).path
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? []
        return names.filter { !$0.split(separator: "/").contains(".sealift") }.sorted()
    }

    func contents(of name: String) -> Data? { try? Data(contentsOf: folder.appending(path: name)) }

    private func handle(_ name: String) throws -> FileHandle {
        try Data().write(to: folder.appending(path: name))
        return try FileHandle(forWritingTo: folder.appending(path: name))
    }

    /// The program that was built with these tests: it lies beside them.
    private static func sealift() throws -> URL {
        let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let bundles = CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
        let candidates = ([executable] + bundles.map { URL(filePath: $0) }).map {
            $0.deletingLastPathComponent().appending(path: "sealift")
        }
        return try #require(
            candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) },
            "the sealift program is not beside the tests")
    }
}

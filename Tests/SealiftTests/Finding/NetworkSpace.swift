import Foundation
import Glibc

/// A network namespace without a name, which lives as long as the process that holds it.
struct NetworkSpace {
    /// A process in the namespace that does nothing but hold it.
    let holder = Process()
    private let input = Pipe()

    private struct NotAllowed: Error {}

    init() throws {
        let output = Pipe()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        holder.arguments = ["--net", "sh", "-c", "echo ready; exec cat > /dev/null"]
        holder.standardInput = input
        holder.standardOutput = output
        holder.standardError = FileHandle.nullDevice
        try holder.run()
        guard output.fileHandleForReading.availableData == Data("ready\n".utf8) else {
            holder.waitUntilExit()
            throw NotAllowed()
        }
    }

    /// Ends the namespace, and with it every device in it.
    func remove() {
        kill(holder.processIdentifier, SIGKILL)
        holder.waitUntilExit()
    }

    /// Lets `process` run `command` in the namespace.
    func prepare(_ process: Process, _ command: [String]) {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/nsenter")
        process.arguments =
            ["--net=/proc/\(holder.processIdentifier)/ns/net", "/usr/bin/env", Self.path] + command
    }

    /// Runs a command in the namespace: its exit status.
    func run(_ command: [String], input: String = "") throws -> Int32 {
        let process = Process()
        prepare(process, command)
        return try Self.finish(process, input)
    }

    /// Runs a command here: its exit status.
    static func run(_ command: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [path] + command
        return try finish(process, "")
    }

    private static let path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"

    private static func finish(_ process: Process, _ input: String) throws -> Int32 {
        let pipe = Pipe()
        process.standardInput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try pipe.fileHandleForWriting.close()
        process.waitUntilExit()
        return process.terminationStatus
    }
}

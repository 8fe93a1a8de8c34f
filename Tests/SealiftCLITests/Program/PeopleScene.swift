import Foundation
import Glibc
import Testing

/// People at one rendezvous server, each with a home of its own and an identity in it.
struct PeopleScene {
    /// Whether this machine has an address that another could reach: a peer's loopback addresses are
    /// never dialled after a code.
    static let hasNetwork: Bool = {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return false }
        defer { freeifaddrs(list) }
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr else { continue }
            if address.pointee.sa_family == sa_family_t(AF_INET),
                entry.ifa_flags & UInt32(IFF_LOOPBACK) == 0
            {
                return true
            }
        }
        return false
    }()

    let sealift: SealiftProcess
    let server: Process
    let environment: [String: String]

    init() throws {
        sealift = try SealiftProcess()
        server = try sealift.start(["rendezvous", "--listen", "127.0.0.1:0"], name: "server")
        let place = try Self.line(0, of: "server.out", by: server, in: sealift)
        environment = ["SEALIFT_RENDEZVOUS": place]
    }

    func end() {
        server.terminate()
        sealift.remove()
    }

    func home(_ person: String) -> URL {
        sealift.folder.appendingPathComponent("home-\(person)")
    }

    /// Runs a command of `person`'s to its end.
    func run(
        _ person: String, _ arguments: [String], input: String? = nil,
        environment more: [String: String] = [:]
    ) throws -> SealiftProcess.Outcome {
        try sealift.run(
            arguments, input: input,
            environment: environment.merging(more) { $1 }
                .merging(["SEALIFT_HOME": home(person).path]) { $1 })
    }

    /// Makes an identity for `person`, without a passphrase.
    func begin(_ person: String) throws -> [String: Any] {
        let outcome = try run(
            person, ["id", "--json", "--no-passphrase", "--words-file", "words-\(person)"])
        #expect(outcome.status == 0, "\(outcome.error)")
        return try #require(try outcome.events.first)
    }

    /// Starts a command of `person`'s and waits for its `number`th line of output.
    func start(
        _ person: String, _ arguments: [String], line number: Int = 0
    ) throws -> (process: Process, name: String, line: String) {
        let name = "\(person)-\(UUID().uuidString)"
        let process = try sealift.start(
            arguments, name: name,
            environment: environment.merging(["SEALIFT_HOME": home(person).path]) { $1 })
        return (process, name, try Self.line(number, of: "\(name).out", by: process, in: sealift))
    }

    /// Waits for another line of a process's output.
    func line(_ number: Int, of started: (process: Process, name: String, line: String)) throws
        -> String
    {
        try Self.line(number, of: "\(started.name).out", by: started.process, in: sealift)
    }

    /// Makes two people contacts of each other, by a code.
    /// - Returns: what both said, as JSON.
    @discardableResult
    func pair(
        _ one: String, calls: String?, _ other: String, calls back: String?
    ) throws -> (SealiftProcess.Outcome, SealiftProcess.Outcome) {
        let waiting = try start(
            one, ["pair", "--json", "--wait", "120s"] + (calls.map { ["--name", $0] } ?? []))
        defer { waiting.process.terminate() }
        let code = try #require(
            JSONSerialization.jsonObject(with: Data(waiting.line.utf8)) as? [String: Any])["code"]
        let accepted = try run(
            other, ["pair", "--accept", "--json"] + (back.map { ["--name", $0] } ?? []),
            input: "\(try #require(code as? String))\n")
        return (try sealift.finish(waiting.process, name: waiting.name), accepted)
    }

    private static func line(
        _ number: Int, of file: String, by process: Process, in sealift: SealiftProcess
    ) throws -> String {
        while true {
            let isRunning = process.isRunning
            let text = (try? sealift.text(file)) ?? ""
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            if lines.count > number + 1 { return String(lines[number]) }
            guard isRunning else {
                Issue.record("the process ended before it wrote line \(number) of \(file): \(text)")
                return ""
            }
            sched_yield()
        }
    }
}

import Foundation
import Glibc
import Testing

@Suite("sealift send and receive with a code")
struct CodeTests {
    /// Whether this machine has an address that another could reach: a peer's loopback addresses are
    /// never dialled, not even here.
    private static let hasNetwork: Bool = {
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

    @Test(
        "meet at a server, and the files arrive",
        .enabled(if: hasNetwork, "this machine has only loopback addresses"))
    func transfer() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "source/d/b")
        let server = try sealift.start(
            ["rendezvous", "--listen", "127.0.0.1:0"], name: "server")
        defer { server.terminate() }
        let place = try firstLine(sealift, server, "server.out")
        #expect(place.hasPrefix("wss://127.0.0.1:"))
        let environment = ["SEALIFT_RENDEZVOUS": place]
        let sender = try sealift.start(
            ["send", "--code", "--wait", "60s", "source/d"], name: "sender",
            environment: environment)
        defer { sender.terminate() }
        let code = try firstLine(sealift, sender, "sender.out")

        let wrong = try sealift.run(
            ["receive", "--yes"], input: code + "zzz\n", environment: environment)
        #expect(wrong.status == 4)
        #expect(wrong.error.contains("mistyped"))
        let receiver = try sealift.run(
            ["receive", "--yes", "--json", "--output", "target"], input: code + "\n",
            environment: environment)
        #expect(receiver.status == 0, "\(receiver.error) \(receiver.output)")
        #expect(try sealift.finish(sender, name: "sender").status == 0)
        #expect(try sealift.text("target/d/b") == "abc")
        server.terminate()
        #expect(try sealift.finish(server, name: "server").status == 0)
    }

    @Test(
        "follow one another where many receivers are served",
        .enabled(if: hasNetwork, "this machine has only loopback addresses"))
    func manyReceivers() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "source/b")
        let server = try sealift.start(["rendezvous", "--listen", "127.0.0.1:0"], name: "server")
        defer { server.terminate() }
        let environment = ["SEALIFT_RENDEZVOUS": try firstLine(sealift, server, "server.out")]
        let sender = try sealift.start(
            ["send", "--code", "--keep", "--wait", "60s", "source"], name: "sender",
            environment: environment)
        defer { sender.terminate() }
        for number in 0..<2 {
            let code = try line(number, sealift, sender, "sender.out")
            let receiver = try sealift.run(
                ["receive", "--yes", "--output", "target\(number)"], input: code + "\n",
                environment: environment)
            #expect(receiver.status == 0, "\(receiver.error)")
            #expect(try sealift.text("target\(number)/source/b") == "abc")
        }
    }

    @Test("that are mistyped, or have no server to go to, are refused with what to do")
    func refusals() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let noServer = try sealift.run(
            ["receive", "--yes"], input: "48213-copper-orbit-tiger\n")
        #expect(noServer.status == 64 && noServer.error.contains("SEALIFT_RENDEZVOUS"))
        let mistyped = try sealift.run(
            ["receive", "--yes"], input: "48213-cooper-orbit-tiger\n",
            environment: ["SEALIFT_RENDEZVOUS": "wss://127.0.0.1:1"])
        #expect(mistyped.status == 4 && mistyped.error.contains("copper"))
        let unreachable = try sealift.run(
            ["receive", "--yes"], input: "48213-copper-orbit-tiger\n",
            environment: ["SEALIFT_RENDEZVOUS": "wss://127.0.0.1:1"])
        #expect(unreachable.status == 3)
        let argument = try sealift.run(["receive", "48213-copper-orbit-tiger"])
        #expect(argument.status == 64 && !argument.error.contains("copper"))
        let badServer = try sealift.run(
            ["send", "--code", "x"], environment: ["SEALIFT_RENDEZVOUS": "rv.example.org"])
        #expect(badServer.status == 64)
    }

    /// Waits for the first whole line of a process's output.
    private func firstLine(
        _ sealift: SealiftProcess, _ process: Process, _ name: String
    ) throws -> String {
        try line(0, sealift, process, name)
    }

    /// Waits for a whole line of a process's output.
    private func line(
        _ number: Int, _ sealift: SealiftProcess, _ process: Process, _ name: String
    ) throws -> String {
        while process.isRunning {
            let text = (try? sealift.text(name)) ?? ""
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            if lines.count > number + 1 { return String(lines[number]) }
            sched_yield()
        }
        Issue.record("the process ended before it wrote \(name)")
        return ""
    }
}

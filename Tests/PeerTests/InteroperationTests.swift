import Foundation
import Testing

@Suite(
    "A second implementation interoperates",
    .enabled(if: PeerScripts.areReady, Comment(rawValue: PeerScripts.whatIsMissing)))
struct InteroperationTests {
    /// A tree with every kind of entry: empty, one block, one piece and a byte, many pieces, zeros,
    /// a hole, an executable, an empty folder.
    private func makeTree(_ bench: Bench) throws {
        var bytes = SystemRandomNumberGenerator()
        func random(_ count: Int) -> Data {
            Data((0..<count).map { _ in UInt8.random(in: 0...255, using: &bytes) })
        }
        try bench.write(Data(), to: "tree/empty")
        try bench.write(Data("#!/bin/sh\n".utf8), to: "tree/sub/run.sh")
        try bench.write(random(262_145), to: "tree/sub/one more")
        try bench.write(random(5_000_000), to: "tree/many")
        try bench.write(Data(count: 786_432), to: "tree/zeros")
        try bench.write(random(300_000) + Data(count: 700_000) + random(11), to: "tree/é")
        try FileManager.default.createDirectory(
            at: bench.folder.appending(path: "tree/nothing"), withIntermediateDirectories: true)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755],
            ofItemAtPath: bench.folder.appending(path: "tree/sub/run.sh").path)
        let sparse = bench.folder.appending(path: "tree/sparse")
        try bench.write(random(10), to: "tree/sparse")
        let handle = try FileHandle(forUpdating: sparse)
        try handle.truncate(atOffset: 3_000_000)
        try handle.close()
    }

    private func expectSameTree(_ bench: Bench) {
        let sent = bench.paths(below: "tree")
        #expect(bench.paths(below: "out/tree") == sent)
        for path in sent {
            #expect(bench.contents(of: "tree/\(path)") == bench.contents(of: "out/tree/\(path)"))
            #expect(
                FileManager.default.isExecutableFile(
                    atPath: bench.folder.appending(path: "tree/\(path)").path)
                    == FileManager.default.isExecutableFile(
                        atPath: bench.folder.appending(path: "out/tree/\(path)").path))
        }
    }

    @Test("receiving from sealift send, through new generations and a ratchet")
    func receivesFromSealift() async throws {
        try await Turnstile.shared.pass {
            let bench = try Bench()
            defer { bench.clear() }
            try makeTree(bench)
            let send = try bench.startSealift(
                ["send", "--listen", "127.0.0.1:0", "tree"], name: "send")
            let ticket = try await bench.ticket(of: send)
            let receive = try bench.startScript(
                "receive.py", ["--generation-packets", "700", "--ratchet", "out"],
                name: "receive", ticket: ticket)
            let received = try await bench.finish(receive, within: .seconds(90))
            #expect(received == 0, "\(bench.errors(receive))")
            let sent = try await bench.finish(send, within: .seconds(30))
            #expect(sent == 0, "\(bench.errors(send))")
            expectSameTree(bench)
        }
    }

    @Test("sending to sealift receive")
    func sendsToSealift() async throws {
        try await Turnstile.shared.pass {
            let bench = try Bench()
            defer { bench.clear() }
            try makeTree(bench)
            let send = try bench.startScript("send.py", ["tree"], name: "send")
            let ticket = try await bench.ticket(of: send)
            let receive = try bench.startSealift(
                ["receive", "--yes", "--output", "out"], name: "receive", ticket: ticket)
            let received = try await bench.finish(receive, within: .seconds(90))
            #expect(received == 0, "\(bench.errors(receive))")
            let sent = try await bench.finish(send, within: .seconds(30))
            #expect(sent == 0, "\(bench.errors(send))")
            expectSameTree(bench)
        }
    }
}

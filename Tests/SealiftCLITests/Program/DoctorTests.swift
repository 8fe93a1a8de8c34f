import Foundation
import Testing

@Suite("sealift doctor")
struct DoctorTests {
    @Test("looks at this machine alone where no server is named")
    func alone() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let outcome = try sealift.run(["doctor", "--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try #require(try outcome.events.first)
        #expect(report["event"] as? String == "doctor")
        #expect(report["nat"] is NSNull && report["path_mtu"] is NSNull)
        let buffer = try #require(report["receive_buffer"] as? [String: Any])
        #expect((buffer["granted"] as? Int ?? 0) > 0)
        let text = try sealift.run(["doctor"])
        #expect(text.output.contains("receive buffer") && text.error.contains("interfaces"))
    }

    @Test("asks the servers that are named, and finds the size of the path")
    func servers() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let server = try sealift.start(
            ["rendezvous", "--json", "--listen", "127.0.0.1:0", "--stun", "127.0.0.1:0"],
            name: "server")
        defer { server.terminate() }
        try sealift.wait(for: server, name: "server", toSay: "}\n")
        let line = try #require(try sealift.text("server.out").split(separator: "\n").first)
        let places = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let rendezvous = try #require((places["servers"] as? [String])?.first)
        let stun = try #require((places["stun"] as? [String])?.first)
        let outcome = try sealift.run(
            ["doctor", "--json"],
            environment: ["SEALIFT_RENDEZVOUS": rendezvous, "SEALIFT_STUN": stun])
        #expect(outcome.status == 0, "\(outcome.output) \(outcome.error)")
        let report = try #require(try outcome.events.first)
        #expect(report["nat"] as? String == "none")
        // Loopback carries more than the largest size that is tried.
        #expect(report["path_mtu"] as? Int == 9_000)
        #expect(report["segmentation"] as? Bool == true)
        let meetings = try #require(report["rendezvous"] as? [[String: Any]])
        #expect(meetings.first?["reachable"] as? Bool == true)
    }

    @Test("says with its status that a server cannot be used")
    func unreachable() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let outcome = try sealift.run(
            ["doctor"], environment: ["SEALIFT_RENDEZVOUS": "ws://127.0.0.1:1"])
        #expect(outcome.status == 3)
        #expect(outcome.output.contains("problem:") && outcome.output.contains("what to do:"))
        let nonsense = try sealift.run(["doctor"], environment: ["SEALIFT_STUN": "a/b"])
        #expect(nonsense.status == 64)
    }
}

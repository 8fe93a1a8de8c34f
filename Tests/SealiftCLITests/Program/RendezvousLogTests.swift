import Foundation
import Testing

@Suite("The log of sealift rendezvous")
struct RendezvousLogTests {
    private static let unknownCode = "48213-copper-orbit-tiger\n"

    /// A server that refused something and was stopped: the lines of its standard error.
    private func log(_ options: [String]) throws -> [String] {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let server = try sealift.start(
            [
                "rendezvous", "--listen", "127.0.0.1:0", "--stun", "127.0.0.1:0", "--log-interval",
                "1s",
            ]
                + options,
            name: "server")
        defer { server.terminate() }
        try sealift.wait(for: server, name: "server", toSay: #""event":"started""#)
        let place = try sealift.text("server.out").trimmingCharacters(in: .whitespacesAndNewlines)
        let receiver = try sealift.run(
            ["receive", "--yes"], input: Self.unknownCode,
            environment: ["SEALIFT_RENDEZVOUS": place])
        #expect(receiver.status == 4)
        // No TLS where TLS is spoken; and what is no message of a client's, so that somebody is refused.
        let plain = try sealift.run(
            ["receive", "--yes"], input: Self.unknownCode,
            environment: [
                "SEALIFT_RENDEZVOUS": place.replacing("wss://", with: "ws://").prefix { $0 != "#" }
                    .description
            ])
        #expect(plain.status == 3)
        try sealift.wait(for: server, name: "server", toSay: #""event":"refused""#)
        server.terminate()
        let outcome = try sealift.finish(server, name: "server")
        #expect(outcome.status == 0)
        return outcome.error.split(separator: "\n").map(String.init)
    }

    @Test("is one JSON object a line, and names no address and no id")
    func defaultForm() throws {
        let lines = try log([])
        let allowed: Set<String> = [
            "time", "level", "event", "listeners", "stun", "seconds", "clients", "turned_away",
            "busy", "violations", "numbers_missed", "wrong_words", "failed_openings", "crowded_out",
            "failed_accepts",
        ]
        var events: [String] = []
        for line in lines {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)"
            )
            #expect(Set(object.keys).isSubset(of: allowed), "\(line)")
            events.append(object["event"] as? String ?? "")
            // Nothing but numbers, the time, and words of our own.
            for (key, value) in object where !["time", "level", "event"].contains(key) {
                #expect(value is Int, "\(key) in \(line)")
            }
            #expect(!line.contains("127.0.0.1") && !line.contains("48213"))
        }
        #expect(events.first == "started")
        #expect(events.suffix(2) == ["draining", "stopped"])
        #expect(events.contains("refused"))
        #expect(lines.contains { $0.contains(#""numbers_missed":1"#) })
        let failed = lines.compactMap { line in
            line.firstMatch(of: /"failed_openings":(\d+)/).flatMap { Int($0.1) }
        }
        #expect(failed.reduce(0, +) == 1)
    }

    @Test("has a list of refused addresses only where the operator asks")
    func addresses() throws {
        let lines = try log(["--log-addresses"])
        #expect(lines.contains { $0.contains(#""addresses":["#) })
    }
}

import Foundation
import Testing

@Suite(
    "A hostile peer is refused as the protocol says",
    .enabled(if: PeerScripts.areReady, Comment(rawValue: PeerScripts.whatIsMissing)))
struct HostilePeerTests {
    /// How `sealift receive` may end, by the word in the list of attacks.
    private static let receiverEndings: [String: Set<Int32>] = [
        "ok": [0], "partial": [8], "violation": [5], "integrity": [5], "refused": [4],
        "unreachable": [3, 4, 75], "interrupted": [75], "interrupt": [75], "any": [0, 4, 5, 75],
    ]

    @Test("receiving", arguments: PeerScripts.variants(of: "hostile_receiver.py"))
    func hostileReceiver(variant: PeerScripts.Variant) async throws {
        try await Turnstile.shared.pass {
            let bench = try Bench()
            defer { bench.clear() }
            // A hundred pieces and more, so that few messages ask for many objects.
            for name in ["a", "sub/b"] { try bench.write(Data(name.utf8), to: "tree/\(name)") }
            try bench.write(
                Data((0..<34_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }),
                to: "tree/big")
            let send = try bench.startSealift(
                ["send", "--listen", "127.0.0.1:0", "tree"], name: "send")
            let ticket = try await bench.ticket(of: send)
            let attack = try bench.startScript(
                "hostile_receiver.py",
                [variant.name, "--device", "device", "--pid", String(send.identifier)],
                name: "attack", ticket: ticket)
            let status = try await bench.finish(attack, within: .seconds(120))
            #expect(status == 0, "\(bench.errors(attack))\n\(bench.errors(send))")
            guard variant.ending != "ends" else { return }
            let receive = try bench.startScript(
                "receive.py", ["--device", "device", "out"], name: "receive", ticket: ticket)
            let received = try await bench.finish(receive, within: .seconds(90))
            #expect(received == 0, "\(bench.errors(receive))\n\(bench.errors(send))")
            let sent = try await bench.finish(send, within: .seconds(30))
            #expect(sent == 0, "\(bench.errors(send))")
        }
    }

    @Test("sending", arguments: PeerScripts.variants(of: "hostile_sender.py"))
    func hostileSender(variant: PeerScripts.Variant) async throws {
        try await Turnstile.shared.pass {
            let bench = try Bench()
            defer { bench.clear() }
            try bench.write(Data("kept".utf8), to: "box/beside")
            let attack = try bench.startScript(
                "hostile_sender.py", [variant.name, "--pid-file", "pid"], name: "attack")
            let ticket = try await bench.ticket(of: attack)
            let receive = try bench.startSealift(
                ["receive", "--yes", "--output", "box/out"], name: "receive", ticket: ticket)
            try bench.write(Data("\(receive.identifier)\n".utf8), to: "pid")
            if ["interrupt", "interrupted", "unreachable"].contains(variant.ending) {
                // The attack ends first or waits to be left: the user stops waiting.
                try await Task.sleep(for: .seconds(12))
                receive.interrupt()
            }
            let received = try await bench.finish(receive, within: .seconds(180))
            let expected = Self.receiverEndings[variant.ending] ?? []
            #expect(expected.contains(received), "\(received): \(bench.errors(receive))")
            let status = try await bench.finish(attack, within: .seconds(60))
            #expect(status == 0, "\(bench.errors(attack))\n\(bench.errors(receive))")
            let outside = bench.paths(below: "box").filter { !$0.hasPrefix("out") }
            #expect(outside == ["beside"])
            if variant.name.hasPrefix("listing-") {
                #expect(bench.paths(below: "box/out") == [])
            }
        }
    }
}

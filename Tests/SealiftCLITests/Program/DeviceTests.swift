import Foundation
import Testing

@Suite("sealift device")
struct DeviceTests {
    private static func event(_ outcome: SealiftProcess.Outcome) throws -> [String: Any] {
        try #require(try outcome.events.last)
    }

    @Test("a device is listed, and ended only by the words, not by itself and not twice")
    func devices() throws {
        let scene = try PeopleScene()
        defer { scene.end() }
        _ = try scene.begin("ann")
        _ = try scene.begin("eve")
        let own = try #require(
            try scene.run("ann", ["device", "list", "--json"]).events.first)
        #expect(own["this"] as? Bool == true && own["active"] as? Bool == true)
        let fingerprint = try #require(own["device"] as? String)
        let itself = try scene.run(
            "ann", ["device", "revoke", "--json", "--words-file", "words-ann", fingerprint])
        #expect(itself.status == 7)
        let nobody = try scene.run("ann", ["device", "revoke", "--json", "zz"])
        #expect(nobody.status == 64)
        #expect(try Self.event(nobody)["code"] as? String == "device_unknown")
        #expect(try scene.run("ann", ["device", "list"]).output.contains("this machine"))
        let none = try scene.run("none", ["device", "list", "--json"])
        #expect(try Self.event(none)["code"] as? String == "identity_missing")
    }
}

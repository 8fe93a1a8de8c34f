import Foundation
import Testing

extension PeopleScene {
    /// A machine of somebody's that serves, and where it can be reached.
    struct Serving {
        let process: Process
        let name: String
        let address: String

        /// The options that lead there.
        var way: [String] { ["--address", address, "--no-signaling", "--no-lan"] }
    }

    /// Runs `sealift up` for `person`.
    func serve(_ person: String, at address: String = "127.0.0.1:0") throws -> Serving {
        let started = try start(person, ["up", "--json", "--no-signaling", "--listen", address])
        let event = try #require(
            JSONSerialization.jsonObject(with: Data(started.line.utf8)) as? [String: Any])
        let address = try #require((event["addresses"] as? [String])?.first)
        return Serving(process: started.process, name: started.name, address: address)
    }

    /// Makes two people verified contacts by a file from hand to hand.
    func befriend(_ one: String, _ other: String) throws {
        let file = "invitation-\(one)-\(other)"
        let waiting = try start(
            one,
            [
                "contact", "export", "--json", "--in-person", "--listen", "127.0.0.1:0", "--wait",
                "120s", "--name", other, file,
            ])
        defer { waiting.process.terminate() }
        let imported = try run(
            other, ["contact", "import", "--json", "--in-person", "--name", one, file])
        #expect(imported.status == 0, "\(imported.error)")
        let exported = try sealift.finish(waiting.process, name: waiting.name)
        #expect(exported.status == 0, "\(exported.error)")
    }

    /// The path of a file in the scene's folder.
    func path(_ name: String) -> String { sealift.folder.path + "/" + name }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    func areEqual(_ one: String, _ other: String) -> Bool {
        FileManager.default.contentsEqual(atPath: path(one), andPath: path(other))
    }
}

import Glibc
import Sealift
import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTestSupport
import Testing

/// Whatever the names are and whatever OUTPUT is, every write lands beneath it (croc
/// CVE-2023-43616, magic-wormhole CVE-2026-42448, LocalSend CVE-2025-27142).
@Suite("Everything lands beneath the output folder") struct BeneathTheRootTests {
    /// What stands at OUTPUT before.
    enum Output: String, CaseIterable, Sendable {
        case existing, missing, file, link
    }

    /// Hostile names in three layers of folders, each file with its own path as content.
    private func makeSource(_ run: LoopbackTransfer, _ generator: inout SeededGenerator) throws {
        var folders = [try run.directory("source/t")]
        for layer in 0..<3 {
            var next: [DirectoryHandle] = []
            for folder in folders {
                for _ in 0..<20 {
                    let name = HostileNames.onDisk(&generator)
                    guard
                        let file = try? folder.openFile(
                            name, for: .creatingExclusively(mode: 0o644))
                    else { continue }
                    try file.write(Array("\(layer) ".utf8) + name, at: 0)
                }
                for _ in 0..<2 {
                    let name = HostileNames.onDisk(&generator)
                    guard (try? folder.createDirectory(name)) != nil else { continue }
                    next.append(try folder.openDirectory(name))
                }
            }
            folders = next
        }
    }

    @Test(
        "for all names, with OUTPUT existing, missing, a file, a link",
        arguments: SimulationSeed.series(3), Output.allCases)
    func lands(seed: SimulationSeed, output: Output) throws {
        let run = LoopbackTransfer()
        var generator = seed.generator(for: "names")
        try makeSource(run, &generator)
        try run.write("theirs", to: "box/beside")
        try run.write("theirs", to: "box/real/beside")
        switch output {
        case .existing: try run.directory("box/out")
        case .missing: break
        case .file: try run.write("a file", to: "box/out")
        case .link: symlink("real", "\(run.path)/box/out")
        }
        let outcome = try run.run(sending: "source/t", into: "box/out")
        var box = try run.snapshot("box")

        let listed = try run.snapshot("source").filter { (try? EntryPath($0.key)) != nil }
        #expect(listed.count > 20)
        if output == .file {
            #expect(outcome.receiverError?.exitStatus == .storage)
            #expect(box.removeValue(forKey: Array("out".utf8)) == Array("a file".utf8))
        } else {
            #expect(outcome.receiverError == nil)
            let root = output == .link ? "real/" : "out/"
            let link = box.removeValue(forKey: Array("out".utf8))
            #expect(link == Array((output == .link ? "->real" : "/").utf8))
            for (path, content) in listed {
                #expect(box.removeValue(forKey: Array(root.utf8) + path) == content)
            }
        }
        // Nothing else is there: what was beside is untouched.
        #expect(
            box == [
                Array("beside".utf8): Array("theirs".utf8), Array("real".utf8): Array("/".utf8),
                Array("real/beside".utf8): Array("theirs".utf8),
            ])
    }
}

import Glibc
import SealiftBase
import SealiftTestSupport
import Testing

@testable import SealiftIO

/// Any bytes as a path or a name, in every call that takes one: nothing happens but beneath the
/// anchor (croc CVE-2023-43616, LocalSend CVE-2025-27142).
@Suite("Hostile paths") struct HostilePathTests {
    private static let pieces: [[UInt8]] =
        [
            "..", ".", "/", "//", "../", "/..", "a", "b", "link", "up", "outside", "victim", "\0",
            "é",
            "\n", "..\\", "",
        ].map { Array($0.utf8) } + [
            [0xC0, 0xAF], [0xFF], [UInt8](repeating: UInt8(ascii: "n"), count: 256),
            [UInt8](repeating: UInt8(ascii: "/"), count: 4_096),
        ]

    private static func path(_ generator: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: 1...6, using: &generator)).flatMap { _ in
            pieces[Int.random(in: 0..<pieces.count, using: &generator)]
        }
    }

    @Test(
        "never reach outside the directory they are given to",
        arguments: SimulationSeed.series(3), DirectoryHandleTests.resolutions)
    func stayBeneath(seed: SimulationSeed, resolution: DirectoryHandle.Resolution) throws {
        let tree = TemporaryTree()
        tree.makeDirectory("outside/a")
        tree.makeFile("outside/victim", "theirs")
        tree.makeDirectory("root/a/b")
        tree.makeLink("root/link", to: "../outside")
        tree.makeLink("root/a/up", to: "../..")
        let root = try DirectoryHandle.open(path: "\(tree.path)/root".name).resolving(resolution)
        let parent = try tree.directory()
        func facts() throws -> [FileStatus] {
            try ["outside", "outside/a", "outside/victim"].map { try parent.status(of: $0.name) }
        }
        let before = try facts()
        var generator = seed.generator(for: "paths")
        for _ in 0..<1_500 {
            let path = Self.path(&generator)
            let other = Self.path(&generator)
            if let file = try? root.openFile(path, for: .creatingOrUpdating(mode: 0o600)) {
                try? file.write("mine".name, at: 0)
                try? file.setMode(0o640)
                try? file.setModified(FileTime(seconds: 1, nanoseconds: 0))
            }
            try? root.createDirectory(path)
            try? root.createSymbolicLink(path, to: "../outside".name)
            _ = try? root.renameWithoutReplacing(path, toDirectory: root, to: other)
            try? root.renameReplacing(path, toDirectory: root, to: other)
            if let folder = try? root.openDirectory(path) {
                try? folder.createDirectory(other)
                try? folder.removeDirectory(other)
            }
            if let (folder, name) = try? root.openParent(of: path) {
                try? folder.unlink(name)
                try? folder.removeDirectory(name)
            }
            if let status = try? root.status(of: path) {
                #expect(status.inode != before[2].inode)
            }
            try? root.unlink(other)
        }
        #expect(try facts() == before)
        #expect(tree.content("outside/victim") == "theirs")
        #expect(tree.names() == ["outside", "root"])
    }
}

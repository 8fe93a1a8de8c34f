import Glibc
import SealiftBase
import Synchronization
import Testing

@testable import SealiftIO

/// A thread flips a directory and a symbolic link to the outside, 10^5 times without a pause, while
/// this one works beneath (rsync CVE-2024-12747 and the 2026 series). Nothing may ever happen
/// outside.
@Suite("The racer", .serialized) struct RacerTests {
    /// How often the link takes the directory's place.
    private static let flips = 100_000

    @Test(
        "never gets anything outside read, made, renamed, changed or removed",
        arguments: DirectoryHandleTests.resolutions)
    func race(resolution: DirectoryHandle.Resolution) throws {
        let tree = TemporaryTree(inMemory: true)
        tree.makeDirectory("inside/flip")
        tree.makeFile("inside/flip/file", "mine")
        tree.makeDirectory("outside")
        tree.makeFile("outside/file", "theirs")
        tree.makeFile("outside/victim", "theirs")
        tree.makeLink("inside/evil", to: "\(tree.path)/outside")
        let inside = try DirectoryHandle.open(path: "\(tree.path)/inside".name)
            .resolving(resolution)
        tree.makeFile("inside/staged", "staged")
        let before = try tree.directory().status(of: "outside/file".name)

        try flipping("inside", of: tree) { round in work(beneath: inside, round: round) }

        #expect(tree.names("outside") == ["file", "victim"])
        #expect(tree.content("outside/file") == "theirs")
        #expect(tree.content("outside/victim") == "theirs")
        let after = try tree.directory().status(of: "outside/file".name)
        #expect(after.describesSameContent(as: before) && after.mode == before.mode)
    }

    @Test("never leads the walk of a sender, or what it reads afterwards, outside")
    func walk() throws {
        let tree = TemporaryTree(inMemory: true)
        tree.makeDirectory("inside/flip/sub")
        for name in ["flip/file", "flip/sub/deep", "other"] {
            tree.makeFile("inside/\(name)", "mine")
        }
        tree.makeDirectory("outside/sub")
        for name in ["file", "sub/deep", "secret"] { tree.makeFile("outside/\(name)", "theirs") }
        tree.makeLink("inside/evil", to: "\(tree.path)/outside")
        let source = try SourceTree(roots: [ScanRoot(argument: "\(tree.path)/inside".name)])
        var seen: Set<[UInt8]> = []
        try flipping("inside", of: tree) { _ in
            try TreeScanner(links: .listed).scan(source) { event in
                guard case .item(let item) = event else { return }
                seen.insert(item.path)
                switch item.kind {
                case .file:
                    #expect(item.status.size == 4)
                    guard let file = try? source.openFile(item.path) else { return }
                    #expect((try? file.readAll(atMost: 10)) == "mine".name)
                case .symbolicLink: _ = try? source.readSymbolicLink(item.path)
                case .directory: _ = try? source.status(of: item.path)
                }
            }
        }
        #expect(seen.contains("inside/flip/sub/deep".name))
        #expect(!seen.contains { $0.count >= 6 && $0.suffix(6).elementsEqual("secret".utf8) })
    }

    /// Calls `body` over and over until the racer has flipped `folder/flip` and `folder/evil` often
    /// enough.
    private func flipping(
        _ folder: String, of tree: TemporaryTree, _ body: (Int) throws -> Void
    ) throws {
        let path = "\(tree.path)/\(folder)"
        let flag = Flag()
        let racer = try NamedThread(name: "racer") {
            // `flip` is the directory, then nothing, then the link, then nothing, and again.
            for _ in 0..<Self.flips {
                rename("\(path)/flip", "\(path)/aside")
                rename("\(path)/evil", "\(path)/flip")
                rename("\(path)/flip", "\(path)/evil")
                rename("\(path)/aside", "\(path)/flip")
            }
            flag.raise()
        }
        defer { racer.join() }
        var round = 0
        while !flag.isRaised {
            try body(round)
            round += 1
        }
    }

    /// One round of every call that takes a path or a name. Each may fail; none may reach outside.
    private func work(beneath inside: DirectoryHandle, round: Int) {
        let path = "flip/file".name
        if let file = try? inside.openFile(path, for: .reading) {
            #expect((try? file.readAll(atMost: 10)) == "mine".name)
        }
        if let file = try? inside.openFile(path, for: .updating) {
            try? file.setMode(round % 2 == 0 ? 0o600 : 0o700)
            try? file.setModified(FileTime(seconds: Int64(round), nanoseconds: 0))
        }
        switch round % 5 {
        case 0:
            _ = try? inside.openFile(
                "flip/new".name, for: .creatingExclusively(mode: 0o600))
        case 1:
            if let (parent, _) = try? inside.openParent(of: path) {
                try? parent.createDirectory("made".name)
                try? parent.removeDirectory("made".name)
            }
        case 2:
            if let (parent, _) = try? inside.openParent(of: path) {
                try? parent.unlink("victim".name)
                try? parent.createSymbolicLink("l".name, to: "x".name)
                try? parent.unlink("l".name)
            }
        case 3:
            if let flip = try? inside.openDirectory("flip".name) {
                _ = try? inside.renameWithoutReplacing(
                    "staged".name, toDirectory: flip, to: "placed".name)
                _ = try? flip.renameWithoutReplacing(
                    "placed".name, toDirectory: inside, to: "staged".name)
            }
        default:
            if let status = try? inside.status(of: path) { #expect(status.size == 4) }
            if let flip = try? inside.openDirectory("flip".name) {
                #expect((try? flip.entries().contains("victim".name)) == false)
            }
        }
    }

    private final class Flag: Sendable {
        private let value = Atomic<Bool>(false)
        var isRaised: Bool { value.load(ordering: .relaxed) }
        func raise() { value.store(true, ordering: .relaxed) }
    }
}

import Foundation
import Testing

@testable import SealiftIO

@Suite("The tree scanner") struct TreeScannerTests {
    /// Walks one argument in `tree` and notes paths as text.
    func walk(
        _ tree: TemporaryTree, _ names: String..., scanner: TreeScanner = TreeScanner()
    ) throws -> (paths: [String], warnings: [ScanWarning], items: [ScannedItem]) {
        var roots: [ScanRoot] = []
        for name in names { roots.append(try ScanRoot(argument: "\(tree.path)/\(name)".name)) }
        var warnings: [ScanWarning] = []
        var items: [ScannedItem] = []
        try scanner.scan(try SourceTree(roots: roots)) { event in
            switch event {
            case .item(let item): items.append(item)
            case .warning(let warning): warnings.append(warning)
            }
        }
        return (items.map { String(decoding: $0.path, as: UTF8.self) }, warnings, items)
    }

    @Test("goes depth first, siblings by their bytes, parents first")
    func order() throws {
        let tree = TemporaryTree()
        for name in ["t/b/x", "t/a", "t/a/z/deep", "t/B"] { tree.makeDirectory(name) }
        for name in ["t/a.txt", "t/a/b", "t/a-b", "t/b/x/1", "t/b/x/10", "t/b/x/2", "t/é"] {
            tree.makeFile(name)
        }
        tree.makeFile("s")
        let (paths, warnings, _) = try walk(tree, "t/", "s")
        #expect(
            paths == [
                "s", "t", "t/B", "t/a", "t/a/b", "t/a/z", "t/a/z/deep", "t/a-b", "t/a.txt", "t/b",
                "t/b/x", "t/b/x/1", "t/b/x/10", "t/b/x/2", "t/é",
            ])
        #expect(warnings.isEmpty)
        let components = paths.map { $0.name.split(separator: UInt8(ascii: "/")) }
        for (left, right) in zip(components, components.dropFirst()) {
            #expect(left.lexicographicallyPrecedes(right) { $0.lexicographicallyPrecedes($1) })
        }
    }

    @Test("leaves out what does not travel, and says why")
    func skips() throws {
        let tree = TemporaryTree()
        tree.makeDirectory("t/.sealift/staging")
        tree.makeFile("t/.sealift/staging/x")
        tree.makeFile("t/good")
        tree.makeFile("t/new\nline")
        tree.makeFile("t/c1\u{85}")
        tree.makeFile("t/line\u{2028}")
        tree.makeLink("t/link", to: "good")
        mkfifo("\(tree.path)/t/fifo", 0o600)
        _ = try tree.directory().openDirectory("t".name)
            .openFile([0x7A, 0xFF], for: .creatingExclusively(mode: 0o600))
        let (paths, warnings, _) = try walk(tree, "t")
        #expect(paths == ["t", "t/good"])
        let expected: [([UInt8], ScanWarning.Reason)] = [
            ("t/.sealift".name, .privateFolder), ("t/c1\u{85}".name, .controlCharacters),
            ("t/fifo".name, .special), ("t/line\u{2028}".name, .controlCharacters),
            ("t/link".name, .symbolicLink), ("t/new\nline".name, .controlCharacters),
            ("t/".name + [0x7A, 0xFF], .notUTF8),
        ]
        #expect(warnings == expected.map { ScanWarning(path: $0.0, reason: $0.1) })
    }

    @Test("lists links where they are wanted, and never follows one")
    func links() throws {
        let tree = TemporaryTree()
        tree.makeDirectory("t/real")
        tree.makeFile("t/real/x")
        tree.makeLink("t/link", to: "real")
        tree.makeLink("t/out", to: "/etc")
        let (paths, _, items) = try walk(tree, "t", scanner: TreeScanner(links: .listed))
        #expect(paths == ["t", "t/link", "t/out", "t/real", "t/real/x"])
        #expect(items[1].kind == .symbolicLink(target: "real".name))
        #expect(items[2].kind == .symbolicLink(target: "/etc".name))
    }

    @Test("states holes, sizes and executable bits")
    func details() throws {
        let tree = TemporaryTree()
        tree.makeDirectory("t")
        let directory = try tree.directory().openDirectory("t".name)
        let sparse = try directory.openFile(
            "sparse".name, for: .creatingExclusively(mode: 0o700))
        try sparse.setSize(1 << 20)
        try sparse.write([1], at: 600_000)
        tree.makeFile("t/empty")
        let (_, _, items) = try walk(tree, "t")
        #expect(items[1].kind == .file(holes: []))
        #expect(items[1].status.size == 0 && !items[1].status.isExecutable)
        #expect(items[2].kind == .file(holes: [0..<524_288, 786_432..<1_048_576]))
        #expect(items[2].status.size == 1 << 20 && items[2].status.isExecutable)
    }

    @Test("lands each argument under its last component")
    func landing() throws {
        let tree = TemporaryTree()
        tree.makeDirectory("a/b")
        tree.makeFile("a/b/f", "content")
        tree.makeLink("named", to: "a/b")
        func landing(_ argument: String) throws -> String {
            let root = try ScanRoot(argument: "\(tree.path)/\(argument)".name)
            return String(decoding: root.landingName, as: UTF8.self)
        }
        #expect(try landing("a/b") == "b")
        #expect(try landing("a/b///") == "b")
        #expect(try landing("a/b/.") == "b")
        #expect(try landing("a/b/..") == "a")
        #expect(try landing("a/b/f") == "f")
        #expect(try landing("named") == "named")
        #expect(try landing("named/") == "named")
        #expect(failure { _ = try ScanRoot(argument: "/".name) } == EINVAL)
        #expect(failure { _ = try ScanRoot(argument: "///".name) } == EINVAL)
        #expect(failure { _ = try ScanRoot(argument: "/tmp/..".name) } == EINVAL)
        #expect(failure { _ = try ScanRoot(argument: []) } == EINVAL)
        #expect(failure { _ = try landing("none") } == ENOENT)

        let source = try SourceTree(roots: [ScanRoot(argument: "\(tree.path)/named".name)])
        #expect(try source.openFile("named/f".name).readAll(atMost: 9) == "content".name)
        #expect(try source.status(of: "named/f".name).size == 7)
        #expect(failure { _ = try source.openFile("other/f".name) } == ENOENT)
        #expect(failure { _ = try source.openFile("named/../f".name) } == EINVAL)
        #expect(try walk(tree, "named").paths == ["named", "named/f"])
    }

    @Test("refuses two arguments with one last component")
    func duplicates() throws {
        let tree = TemporaryTree()
        tree.makeDirectory("a/x")
        tree.makeDirectory("b/x")
        let roots = [
            try ScanRoot(argument: "\(tree.path)/a/x".name),
            try ScanRoot(argument: "\(tree.path)/b/x/".name),
        ]
        #expect(throws: SourceTree.DuplicateName.self) { try SourceTree(roots: roots) }
    }

    @Test("stops where the one who listens gives up")
    func givingUp() throws {
        struct Enough: Error {}
        let tree = TemporaryTree()
        for name in ["t/a", "t/b", "t/c"] { tree.makeDirectory(name) }
        let source = try SourceTree(roots: [ScanRoot(argument: "\(tree.path)/t".name)])
        var seen = 0
        do throws(TreeScanner.ScanFailure<Enough>) {
            try TreeScanner().scan(source) { (_: TreeScanner.Event) throws(Enough) in
                seen += 1
                if seen == 2 { throw Enough() }
            }
            Issue.record("the walk must end")
        } catch {
            guard case .handler = error else {
                Issue.record("the handler gave up")
                return
            }
        }
        #expect(seen == 2)
    }

    @Test("does not go deeper than 256 components")
    func depth() throws {
        let tree = TemporaryTree()
        var directory = try tree.directory()
        for _ in 0..<258 {
            try directory.createDirectory("d".name)
            directory = try directory.openDirectory("d".name)
        }
        let (paths, warnings, _) = try walk(tree, "d")
        #expect(paths.count == 256)
        #expect(warnings.map(\.reason) == [.tooDeep])
    }

    @Test("ends with an error where an argument has gone")
    func goneArgument() throws {
        let tree = TemporaryTree()
        tree.makeDirectory("t")
        let source = try SourceTree(roots: [ScanRoot(argument: "\(tree.path)/t".name)])
        try tree.directory().removeDirectory("t".name)
        #expect(throws: TreeScanner.ScanFailure<Never>.self) {
            try TreeScanner().scan(source) { _ in }
        }
    }
}

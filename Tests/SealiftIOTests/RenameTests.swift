import Glibc
import Testing

@testable import SealiftIO

@Suite("Renaming") struct RenameTests {
    static let strategies = [DirectoryHandle.RenameStrategy.automatic, .linkThenUnlink]

    @Test("puts a file at its new name", arguments: strategies)
    func renames(strategy: DirectoryHandle.RenameStrategy) throws {
        let tree = TemporaryTree()
        tree.makeDirectory("to")
        tree.makeFile("staged", "content")
        let from = try tree.directory()
        let to = try from.openDirectory("to".name)
        let outcome = try from.renameWithoutReplacing(
            "staged".name, toDirectory: to, to: "final".name, strategy: strategy)
        #expect(outcome == .renamed)
        #expect(tree.content("to/final") == "content")
        #expect(tree.names() == ["to"])
        #expect(try to.status(of: "final".name).links == 1)
    }

    @Test("never replaces a file, a directory or a link that points nowhere", arguments: strategies)
    func neverReplaces(strategy: DirectoryHandle.RenameStrategy) throws {
        let tree = TemporaryTree()
        tree.makeFile("staged", "new")
        tree.makeFile("file", "old")
        tree.makeDirectory("directory")
        tree.makeLink("link", to: "nowhere")
        let directory = try tree.directory()
        for name in ["file", "directory", "link"] {
            let outcome = try directory.renameWithoutReplacing(
                "staged".name, toDirectory: directory, to: name.name, strategy: strategy)
            #expect(outcome == .alreadyExists)
        }
        #expect(tree.content("file") == "old")
        #expect(tree.names() == ["directory", "file", "link", "staged"])
    }

    @Test("says so where there is no safe way")
    func unsupported() throws {
        let tree = TemporaryTree()
        tree.makeDirectory("directory")
        let directory = try tree.directory()
        // No file system makes a second name for a directory.
        let outcome = try directory.renameWithoutReplacing(
            "directory".name, toDirectory: directory, to: "new".name, strategy: .linkThenUnlink)
        #expect(outcome == .unsupported)
        #expect(tree.names() == ["directory"])
    }

    @Test("tells what is missing", arguments: strategies)
    func missing(strategy: DirectoryHandle.RenameStrategy) throws {
        let directory = try TemporaryTree().directory()
        let code = failure {
            _ = try directory.renameWithoutReplacing(
                "none".name, toDirectory: directory, to: "new".name, strategy: strategy)
        }
        #expect(code == ENOENT)
    }
}

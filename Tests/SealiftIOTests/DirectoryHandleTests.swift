import Glibc
import Testing

@testable import SealiftIO

@Suite("The directory handle") struct DirectoryHandleTests {
    static let resolutions = [DirectoryHandle.Resolution.byKernel, .byComponent]

    /// `inside/` with a file, and an `outside/` that links in every position point to.
    func trap(_ tree: TemporaryTree) throws -> DirectoryHandle {
        tree.makeDirectory("inside/real/deep")
        tree.makeFile("inside/real/deep/file", "mine")
        tree.makeDirectory("outside/deep")
        tree.makeFile("outside/deep/file", "theirs")
        tree.makeFile("outside/file", "theirs")
        tree.makeLink("inside/link", to: "\(tree.path)/outside")
        tree.makeLink("inside/up", to: "..")
        tree.makeLink("inside/near", to: "real")
        tree.makeLink("inside/real/link", to: "../../outside/deep")
        tree.makeLink("inside/real/deep/link", to: "../../../outside/file")
        tree.makeLink("inside/real/deep/dangling", to: "\(tree.path)/outside/new")
        tree.makeLink("inside/real/deep/self", to: "self")
        return try DirectoryHandle.open(path: "\(tree.path)/inside".name)
    }

    @Test("opens what lies beneath it", arguments: resolutions)
    func beneath(resolution: DirectoryHandle.Resolution) throws {
        let tree = TemporaryTree()
        let inside = try trap(tree).resolving(resolution)
        let file = try inside.openFile("real/deep/file".name, for: .reading)
        #expect(try file.readAll(atMost: 10) == "mine".name)
        let deep = try inside.openDirectory("real/deep".name)
        #expect(
            try deep.openFile("file".name, for: .updating).readAll(atMost: 4) == "mine".name)
        #expect(try inside.status(of: "real/deep/file".name).size == 4)
    }

    @Test("refuses a symbolic link in every position", arguments: resolutions)
    func links(resolution: DirectoryHandle.Resolution) throws {
        let tree = TemporaryTree()
        let inside = try trap(tree).resolving(resolution)
        let paths = [
            "link/file", "link/deep/file", "up/outside/file", "near/deep/file", "real/link/file",
            "real/deep/link", "real/deep/dangling", "real/deep/self", "real/deep/self/x",
        ]
        for path in paths {
            let codes = [
                failure { _ = try inside.openFile(path.name, for: .reading) },
                failure { _ = try inside.openFile(path.name, for: .updating) },
                failure {
                    _ = try inside.openFile(path.name, for: .creatingOrUpdating(mode: 0o600))
                },
                failure { _ = try inside.openDirectory(path.name) },
            ]
            #expect(codes.allSatisfy { $0 == ELOOP || $0 == ENOTDIR }, "\(path) \(codes)")
            let code = failure {
                _ = try inside.openFile(path.name, for: .creatingExclusively(mode: 0o600))
            }
            #expect(code == ELOOP || code == ENOTDIR || code == EEXIST, "\(path)")
        }
        for path in ["link/x", "up/x", "real/link/x"] {
            #expect(failure { _ = try inside.openParent(of: path.name) } != nil)
            #expect(failure { _ = try inside.status(of: path.name) } != nil)
        }
        #expect(tree.names("outside") == ["deep", "file"])
        #expect(try inside.status(of: "link".name).kind == .symbolicLink)
    }

    @Test("refuses paths that are no names beneath it", arguments: resolutions)
    func badPaths(resolution: DirectoryHandle.Resolution) throws {
        let tree = TemporaryTree()
        let inside = try trap(tree).resolving(resolution)
        let paths = [
            "", "/", "/etc", "..", ".", "../outside/file", "real/../real", "real//deep", "real/",
            "real/.", "a\0b", "real/\0",
        ]
        for path in paths {
            #expect(
                failure { _ = try inside.openFile(path.name, for: .reading) } == EINVAL, "\(path)")
            #expect(failure { _ = try inside.openDirectory(path.name) } == EINVAL, "\(path)")
        }
        for name in paths + ["a/b", "real/deep"] {
            #expect(failure { try inside.createDirectory(name.name) } == EINVAL)
            #expect(failure { try inside.unlink(name.name) } == EINVAL)
            #expect(failure { try inside.removeDirectory(name.name) } == EINVAL)
            #expect(failure { try inside.createSymbolicLink(name.name, to: "x".name) } == EINVAL)
            #expect(failure { _ = try inside.readSymbolicLink(name.name) } == EINVAL)
            #expect(
                failure {
                    _ = try inside.renameWithoutReplacing(
                        "real".name, toDirectory: inside, to: name.name)
                } == EINVAL)
        }
        #expect(tree.names("inside") == ["link", "near", "real", "up"])
    }

    @Test("takes names of any bytes, up to 255 of them", arguments: resolutions)
    func names(resolution: DirectoryHandle.Resolution) throws {
        let tree = TemporaryTree()
        let directory = try tree.directory().resolving(resolution)
        let names: [[UInt8]] = [
            [0x61], [0xFF, 0xFE], [0x0A], [0xC3, 0xA9], Array(repeating: 0x62, count: 255),
            Array(repeating: 0xF0, count: 255), "...".name, ".hidden".name,
        ]
        for name in names {
            try directory.openFile(name, for: .creatingExclusively(mode: 0o600))
                .write([1, 2, 3], at: 0)
        }
        #expect(
            try Array(directory.entries())
                == names.sorted { $0.lexicographicallyPrecedes($1) })
        for name in names { #expect(try directory.status(of: name).size == 3) }
        let long = [UInt8](repeating: 0x63, count: 256)
        #expect(failure { try directory.createDirectory(long) } == ENAMETOOLONG)
        #expect(failure { _ = try directory.openDirectory(long) } == ENAMETOOLONG)
    }

    @Test("follows paths longer than the kernel takes at once", arguments: resolutions)
    func longPath(resolution: DirectoryHandle.Resolution) throws {
        let tree = TemporaryTree()
        let root = try tree.directory().resolving(resolution)
        var current = root
        var path: [UInt8] = []
        for index in 0..<17 {
            let name = [UInt8](repeating: 0x61 + UInt8(index), count: 255)
            try current.createDirectory(name)
            current = try current.openDirectory(name)
            path += (path.isEmpty ? [] : [UInt8(ascii: "/")]) + name
        }
        #expect(path.count > 4_096)
        #expect(try root.openDirectory(path).status().inode == current.status().inode)
        #expect(try root.status(of: path).inode == current.status().inode)
        for _ in 0..<17 {
            let (parent, name) = try root.openParent(of: path)
            try parent.removeDirectory(name)
            path.removeLast(min(path.count, 256))
        }
    }

    @Test("opens regular files only, and does not wait for anything else")
    func regularFilesOnly() throws {
        let tree = TemporaryTree()
        tree.makeDirectory("directory")
        mkfifo("\(tree.path)/fifo", 0o600)
        let directory = try tree.directory()
        #expect(
            failure { _ = try directory.openFile("directory".name, for: .reading) } == EISDIR)
        #expect(failure { _ = try directory.openFile("fifo".name, for: .reading) } == EINVAL)
        #expect(failure { _ = try directory.openFile("fifo".name, for: .updating) } == EINVAL)
        #expect(failure { _ = try directory.openFile("none".name, for: .reading) } == ENOENT)
        #expect(try directory.statusIfPresent(of: "none".name) == nil)
        #expect(try directory.status(of: "fifo".name).kind == .special)
    }

    @Test("makes directories and links, reads links and removes both")
    func making() throws {
        let tree = TemporaryTree()
        let directory = try tree.directory()
        try directory.createDirectory("a".name, mode: 0o700)
        #expect(failure { try directory.createDirectory("a".name) } == EEXIST)
        #expect(try directory.status(of: "a".name).mode == 0o700)
        try directory.createSymbolicLink("l".name, to: [0x2E, 0x2E, 0x2F, 0xFF])
        #expect(try directory.readSymbolicLink("l".name) == [0x2E, 0x2E, 0x2F, 0xFF])
        #expect(failure { try directory.createSymbolicLink("l".name, to: "x".name) } == EEXIST)
        #expect(failure { _ = try directory.readSymbolicLink("a".name) } == EINVAL)
        #expect(failure { try directory.unlink("a".name) } != nil)
        tree.makeFile("a/b")
        #expect(failure { try directory.removeDirectory("a".name) } == ENOTEMPTY)
        try directory.openDirectory("a".name).unlink("b".name)
        try directory.removeDirectory("a".name)
        try directory.unlink("l".name)
        #expect(try directory.entries().isEmpty)
        try directory.sync()
        #expect(try directory.freeSpace().bytes > 0)
    }

    @Test("is made with its parents where it is missing, and refuses a final link when told")
    func opening() throws {
        let tree = TemporaryTree()
        let made = try DirectoryHandle.openCreating(path: "\(tree.path)/a/b/c/".name)
        #expect(try made.entries().isEmpty)
        _ = try DirectoryHandle.openCreating(path: "\(tree.path)/a".name)
        tree.makeFile("file")
        #expect(
            failure { _ = try DirectoryHandle.openCreating(path: "\(tree.path)/file/x".name) }
                == ENOTDIR)
        tree.makeLink("link", to: "a")
        let link = "\(tree.path)/link".name
        #expect(try DirectoryHandle.open(path: link).entries().map { $0 } == ["b".name])
        #expect(
            failure { _ = try DirectoryHandle.open(path: link, finalLink: .refused) } == ENOTDIR)
    }

    @Test("is this user's own where it is to be private")
    func privateDirectory() throws {
        let tree = TemporaryTree()
        let directory = try tree.directory()
        #expect(try directory.openPrivateDirectory("own".name).status().mode == 0o700)
        _ = try directory.openPrivateDirectory("own".name)
        tree.makeDirectory("theirs")
        // Only root can give a directory away; another user asks as if it were somebody else.
        let user = geteuid()
        if user == 0 { chown("\(tree.path)/theirs", 1, 1) }
        #expect(
            failure {
                _ = try directory.openPrivateDirectory(
                    "theirs".name, user: user == 0 ? 0 : user + 1)
            } == EPERM)
        tree.makeLink("link", to: "own")
        #expect(failure { _ = try directory.openPrivateDirectory("link".name) } == ENOTDIR)
    }

    @Test("lists thousands of names in the order of their bytes")
    func manyNames() throws {
        let tree = TemporaryTree()
        let directory = try tree.directory()
        var expected: [[UInt8]] = []
        for index in 0..<3_000 {
            let name = "\(index * 7_919 % 3_000)-name".name
            expected.append(name)
            try directory.createSymbolicLink(name, to: "x".name)
        }
        expected.sort { $0.lexicographicallyPrecedes($1) }
        #expect(try Array(directory.entries()) == expected)
    }
}

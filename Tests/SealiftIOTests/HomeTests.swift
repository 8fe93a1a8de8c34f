import Glibc
import Testing

@testable import SealiftIO

@Suite("The home") struct HomeTests {
    @Test("is made for its owner alone, and opened again")
    func made() throws {
        let tree = TemporaryTree()
        let path = "\(tree.path)/a/b/home".name
        let home = try Home.open(path: path)
        #expect(try home.directory.status().mode == 0o700)
        try home.writeRecord("key", [1, 2, 3])
        #expect(try home.directory.status(of: "key".name).mode == 0o600)
        #expect(try Home.open(path: path).readRecord("key") == [1, 2, 3])
    }

    @Test("is refused where others may enter", arguments: [0o701, 0o750, 0o770, 0o777, 0o704])
    func openToOthers(mode: Int) throws {
        let tree = TemporaryTree()
        chmod(tree.path, mode_t(mode))
        #expect(throws: Home.Failure.openToOthers(path: tree.path, mode: UInt32(mode))) {
            try Home.open(path: tree.path.name)
        }
    }

    @Test("is refused where another owns it")
    func anotherOwner() throws {
        let tree = TemporaryTree()
        #expect(throws: Home.Failure.ownedByAnother(path: tree.path)) {
            try Home.open(path: tree.path.name, user: getuid() + 1)
        }
    }

    @Test("lies where the environment says")
    func defaultPath() throws {
        func path(_ environment: [String: String]) throws -> [UInt8] {
            try Home.defaultPath { environment[$0] }
        }
        let full = ["SEALIFT_HOME": "/s", "XDG_DATA_HOME": "/x", "HOME": "/h"]
        #expect(try path(full) == "/s".name)
        #expect(try path(["SEALIFT_HOME": "", "XDG_DATA_HOME": "/x"]) == "/x/sealift".name)
        #expect(
            try path(["XDG_DATA_HOME": "x", "HOME": "/h"]) == "/h/.local/share/sealift".name)
        #expect(throws: Home.Failure.nowhere) { try path([:]) }
    }

    @Test("replaces, lists and removes records")
    func records() throws {
        let tree = TemporaryTree()
        let home = try Home.open(path: "\(tree.path)/home".name)
        #expect(try home.readRecord("t1") == nil)
        for name in ["t2", "t1", "u"] { try home.writeRecord(name, Array(name.utf8)) }
        try home.writeRecord("t1", [9])
        #expect(try home.readRecord("t1") == [9])
        #expect(try home.records(prefix: "t") == ["t1", "t2"])
        #expect(try home.records() == ["t1", "t2", "u"])
        #expect(failure { _ = try home.readRecord("t2", atMost: 1) } == EFBIG)
        #expect(try home.removeRecord("t1"))
        #expect(try !home.removeRecord("t1"))
        for name in ["", "..", "a/b", "/etc/passwd"] {
            #expect(failure { try home.writeRecord(name, [1]) } == EINVAL)
            #expect(failure { _ = try home.readRecord(name) } != nil)
        }
        #expect(try home.records() == ["t2", "u"])
    }

    @Test(
        "keeps the record before when writing fails at any step",
        arguments: [FaultInjector.Operation.createFile, .write, .rename])
    func failedWrites(operation: FaultInjector.Operation) throws {
        let tree = TemporaryTree()
        let faults = FaultInjector()
        let home = try Home.open(path: "\(tree.path)/home".name).injecting(faults)
        try home.writeRecord("r", [1])
        faults.fail(operation, with: ENOSPC)
        #expect(failure { try home.writeRecord("r", [2]) } == ENOSPC)
        #expect(try home.readRecord("r") == [1])
        #expect(tree.names("home") == ["r"])
    }

    @Test("does not read through a link that took a record's name")
    func linkedRecord() throws {
        let tree = TemporaryTree()
        tree.makeFile("secret", "theirs")
        let home = try Home.open(path: "\(tree.path)/home".name)
        tree.makeLink("home/key", to: "../secret")
        #expect(failure { _ = try home.readRecord("key") } == ELOOP)
        try home.writeRecord("key", [1])
        #expect(tree.content("secret") == "theirs")
        #expect(try home.readRecord("key") == [1])
    }

    @Test("is locked by one at a time")
    func lock() throws {
        let tree = TemporaryTree()
        let path = "\(tree.path)/home".name
        let (first, second) = (try Home.open(path: path), try Home.open(path: path))
        let lock = try #require(try first.tryLock("lock"))
        #expect(try second.tryLock("lock") == nil)
        #expect(try second.tryLock("other") != nil)
        try lock.release()
        #expect(try second.tryLock("lock") != nil)
    }

    @Test("shows whole records to readers while several write")
    func concurrentWriters() throws {
        let tree = TemporaryTree()
        let home = try Home.open(path: "\(tree.path)/home".name)
        try home.writeRecord("r", [UInt8](repeating: 0, count: 10_000))
        var writers: [NamedThread] = []
        for writer in 1...4 {
            writers.append(
                try NamedThread(name: "writer") {
                    for _ in 0..<25 {
                        try? home.writeRecord(
                            "r", [UInt8](repeating: UInt8(writer), count: 10_000 * writer))
                    }
                })
        }
        for _ in 0..<500 {
            let record = try #require(try home.readRecord("r"))
            let writer = Int(record[0])
            #expect(record.count == 10_000 * max(1, writer))
            #expect(record.allSatisfy { $0 == record[0] })
        }
        for writer in writers { writer.join() }
        #expect(tree.names("home") == ["r"])
    }

    @Test("clears away what killed writers left")
    func unfinished() throws {
        let tree = TemporaryTree()
        let home = try Home.open(path: "\(tree.path)/home".name)
        tree.makeFile("home/.new-0123", "half a rec")
        try home.writeRecord("r", [1])
        #expect(try home.records() == ["r"])
        try home.removeUnfinishedRecords()
        #expect(tree.names("home") == ["r"])
    }
}

import Glibc
import SealiftBase
import Testing

@testable import SealiftIO

@Suite("The open file") struct OpenFileTests {
    func newFile(_ tree: TemporaryTree) throws -> OpenFile {
        try tree.directory().openFile("file".name, for: .creatingExclusively(mode: 0o600))
    }

    @Test("reads back what was written, in any order, and stops at the end")
    func readWrite() throws {
        let tree = TemporaryTree()
        let file = try newFile(tree)
        var random = SeededGenerator(seed: 3)
        let content = random.bytes(100_000)
        try file.write(Array(content[60_000...]), at: 60_000)
        try file.write(Array(content[..<60_000]), at: 0)
        try file.sync()
        #expect(try file.readAll(atMost: 100_000) == content)
        #expect(failure { _ = try file.readAll(atMost: 99_999) } == EFBIG)
        var buffer = [UInt8](repeating: 0, count: 1_000)
        let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 99_500) }
        #expect(count == 500)
        #expect(Array(buffer[..<500]) == Array(content[99_500...]))
        #expect(failure { try file.write([1], at: .max) } == EFBIG)
        #expect(failure { try file.write([1], at: UInt64(Int64.max)) } == EFBIG)
        try file.close()
    }

    @Test("sets size, mode and time, and takes no set-user-id")
    func attributes() throws {
        let tree = TemporaryTree()
        let file = try newFile(tree)
        try file.setSize(5_000)
        try file.setMode(0o4755)
        try file.setModified(FileTime(seconds: -5, nanoseconds: 123_456_789))
        let status = try file.status()
        #expect(status.size == 5_000)
        #expect(status.mode == 0o755 && status.isExecutable)
        #expect(status.modified == FileTime(seconds: -5, nanoseconds: 123_456_789))
        #expect(try tree.directory().status(of: "file".name).describesSameContent(as: status))
        try file.write([1], at: 0)
        #expect(try !file.status().describesSameContent(as: status))
        file.advise(.readInOrder)
        file.advise(.willNeed(0..<100))
        file.advise(.willNotNeed(0..<100))
        _ = try file.reserve(0..<1_000_000)
        #expect(try file.status().size == 5_000)
    }

    @Test("finds holes in whole pieces")
    func holes() throws {
        let tree = TemporaryTree()
        let file = try newFile(tree)
        let piece: UInt64 = 262_144
        try file.setSize(20 * piece + 100)
        try file.write([1], at: 3 * piece + 5)
        try file.write([1], at: 10 * piece)
        #expect(try file.status().mayHaveHoles)
        let holes = try file.holes(granularity: piece, limit: 100)
        #expect(
            holes == [0..<(3 * piece), (4 * piece)..<(10 * piece), (11 * piece)..<(20 * piece)])
        #expect(try file.holes(granularity: piece, limit: 1) == [0..<(3 * piece)])
    }

    @Test("has no holes where it is full or empty")
    func noHoles() throws {
        let tree = TemporaryTree()
        let file = try newFile(tree)
        #expect(try file.holes(granularity: 1, limit: 10).isEmpty)
        try file.write([UInt8](repeating: 1, count: 1 << 20), at: 0)
        try file.sync()
        #expect(try file.holes(granularity: 4_096, limit: 10).isEmpty)
    }

    @Test("is a 5 TiB hole in no time")
    func hugeHole() throws {
        let tree = TemporaryTree()
        let file = try newFile(tree)
        try file.setSize(5 << 40)
        #expect(try file.holes(granularity: 262_144, limit: 10) == [0..<(5 << 40)])
    }

    @Test("passes injected faults on, and recovers", arguments: [ENOSPC, EDQUOT, EIO])
    func faults(code: Int32) throws {
        let tree = TemporaryTree()
        let faults = FaultInjector()
        let directory = try tree.directory().injecting(faults)
        let file = try directory.openFile("f".name, for: .creatingExclusively(mode: 0o600))
        faults.fail(.write, with: code, after: 100)
        try file.write([UInt8](repeating: 1, count: 100), at: 0)
        #expect(failure { try file.write([1], at: 100) } == code)
        faults.heal(.write)
        try file.write([1], at: 100)
        faults.fail(.sync, with: code, times: 1)
        #expect(failure { try file.sync() } == code)
        try file.sync()
        faults.fail(.createFile, with: code)
        #expect(
            failure {
                _ = try directory.openFile("g".name, for: .creatingExclusively(mode: 0o600))
            } == code)
    }

    @Test("is locked once")
    func lock() throws {
        let tree = TemporaryTree()
        let file = try newFile(tree)
        let other = try tree.directory().openFile("file".name, for: .updating)
        #expect(try file.tryLock())
        #expect(try !other.tryLock())
        try file.close()
        #expect(try other.tryLock())
    }
}

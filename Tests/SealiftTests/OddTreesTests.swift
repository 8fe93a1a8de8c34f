import Glibc
import Sealift
import SealiftBase
import SealiftIO
import Testing

/// Trees at the edge of what a disk can hold, whole from one end to the other.
@Suite("Odd trees arrive whole") struct OddTreesTests {
    private func expectSame(_ run: LoopbackTransfer, without left: [[UInt8]] = []) throws {
        var source = try run.snapshot("source")
        for path in left { #expect(source.removeValue(forKey: path) != nil) }
        var target = try run.snapshot("target")
        target[Array(".sealift".utf8)] = nil
        #expect(target == source)
    }

    @Test("names of 255 bytes, names equal but for case, empty files and folders")
    func names() throws {
        let run = LoopbackTransfer()
        let folder = try run.directory("source/t")
        var names = ["Case", "case", "CASE", "caſe"].map { Array($0.utf8) }
        names.append([UInt8](repeating: UInt8(ascii: "n"), count: 255))
        names.append(Array(String(repeating: "é", count: 127).utf8) + [UInt8(ascii: "x")])
        for (index, name) in names.enumerated() {
            let file = try folder.openFile(name, for: .creatingExclusively(mode: 0o644))
            try file.write([UInt8](repeating: 7, count: index), at: 0)
        }
        try run.directory("source/t/empty")
        let outcome = try run.run(sending: "source/t", into: "target")
        #expect(outcome.receiverError == nil && outcome.warnings.isEmpty)
        try expectSame(run)
    }

    @Test("a path of 4,096 bytes; one byte more is left out with a warning")
    func deepPath() throws {
        let run = LoopbackTransfer()
        var folder = try run.directory("source/t")
        var length = 1
        let step = [UInt8](repeating: UInt8(ascii: "d"), count: 63)
        while length + 1 + step.count <= 4_096 - 12 {
            try folder.createDirectory(step)
            folder = try folder.openDirectory(step)
            length += 1 + step.count
        }
        let last = [UInt8](repeating: UInt8(ascii: "f"), count: 4_096 - length - 1)
        for name in [last, last + last.prefix(1)] {
            _ = try folder.openFile(name, for: .creatingExclusively(mode: 0o644))
        }
        let outcome = try run.run(sending: "source/t", into: "target")
        #expect(outcome.receiverError == nil)
        #expect(outcome.warnings.keys.map(\.count) == [4_097])
        try expectSame(run, without: Array(outcome.warnings.keys))
    }

    @Test("FIFOs, sockets and devices are left out with a warning, and nothing waits for them")
    func specials() throws {
        let run = LoopbackTransfer()
        try run.write("x", to: "source/t/file")
        mkfifo("\(run.path)/source/t/fifo", 0o600)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let socketPath = Array("\(run.path)/source/t/socket".utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath) }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        #expect(isBound)
        let outcome = try run.run(sending: "source/t", into: "target")
        #expect(outcome.receiverError == nil)
        let left = ["t/fifo", "t/socket"].map { Array($0.utf8) }
        #expect(Set(outcome.warnings.keys) == Set(left))
        try expectSame(run, without: left)
    }

    @Test("a sparse file of 5 TiB takes the time and the room of its data")
    func sparse() throws {
        let run = LoopbackTransfer()
        let folder = try run.directory("source")
        let file = try folder.openFile(
            Array("sparse".utf8), for: .creatingExclusively(mode: 0o644))
        try file.setSize(5 << 40)
        try file.write(Array("middle".utf8), at: 3_000_000_000_001)
        try file.write(Array("end".utf8), at: 5 << 40)
        let outcome = try run.run(sending: "source/sparse", into: "target")
        #expect(outcome.receiverError == nil)
        let target = try DirectoryHandle.open(path: run.bytes("target"))
        let status = try target.status(of: Array("sparse".utf8))
        #expect(status.size == (5 << 40) + 3)
        #expect(status.blocks * 512 < 1 << 20)
        let copy = try target.openFile(Array("sparse".utf8), for: .reading)
        for (text, offset) in [("middle", 3_000_000_000_001), ("end", 5 << 40)]
            as [(String, UInt64)]
        {
            var bytes = [UInt8](repeating: 0, count: text.utf8.count)
            let count = try bytes.withUnsafeMutableBytes { try copy.read(into: $0, at: offset) }
            #expect(count == text.utf8.count && bytes == Array(text.utf8))
        }
        // What the sender keeps of its hashes is as sparse as the file.
        let home = try DirectoryHandle.open(path: run.bytes("home-sender"))
        for name in try home.entries() where name.starts(with: "hashes-".utf8) {
            #expect(try home.status(of: name).blocks * 512 < 1 << 20)
        }
    }

    @Test("a link as OUTPUT that points nowhere is an error, and nothing is made where it points")
    func danglingOutput() throws {
        let run = LoopbackTransfer()
        try run.write("x", to: "source/t/file")
        symlink("nowhere", "\(run.path)/target")
        let outcome = try run.run(sending: "source/t", into: "target")
        #expect(outcome.receiverError?.exitStatus == .storage)
        #expect(throws: SystemError.self) { try DirectoryHandle.open(path: run.bytes("nowhere")) }
    }
}

import Foundation
import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTestSupport
import Testing

@testable import Sealift

@Suite("Spools in the home folder")
struct SpoolTests {
    private let folder = TemporaryFolder()

    private func directory() throws -> DirectoryHandle {
        try DirectoryHandle.open(path: Array(folder.path.utf8))
    }

    @Test("Roots are what was stored last, in whatever order", arguments: SimulationSeed.series(4))
    func roots(seed: SimulationSeed) throws {
        var generator = SeededGenerator(seed: seed.value)
        let spool = try RootSpool(in: try directory())
        var model: [UInt64: Hash256] = [:]
        var next: UInt64 = 1
        for _ in 0..<3_000 {
            // Mostly in order, as files come; at times anywhere.
            next = generator.next() % 8 == 0 ? 1 + generator.next() % 1_000 : next + 1
            if generator.next() % 3 == 0 {
                #expect(try spool.root(of: FileIndex(next)) == model[next])
            } else {
                let root = try #require(Hash256(generator.bytes(Hash256.byteCount)))
                try spool.store(root, of: FileIndex(next))
                model[next] = root
            }
        }
        for (file, root) in model { #expect(try spool.root(of: FileIndex(file)) == root) }
    }

    @Test(
        "A window gives what the file has, and nothing beyond", arguments: SimulationSeed.series(4))
    func window(seed: SimulationSeed) throws {
        var generator = SeededGenerator(seed: seed.value)
        let content = generator.bytes(200_000)
        let spool = try SpoolFile(in: try directory())
        try spool.write(content, at: 0)
        var window = SpoolWindow(spool)
        var offset = 0
        for _ in 0..<2_000 {
            offset =
                generator.next() % 8 == 0
                ? Int(generator.next() % 210_000) : min(offset + 50, 210_000)
            let count = 1 + Int(generator.next() % (generator.next() % 16 == 0 ? 50_000 : 100))
            let found = try window.withBytes(count: count, at: UInt64(offset)) { Array($0) }
            let isThere = offset + count <= content.count
            #expect(found == (isThere ? Array(content[offset..<(offset + count)]) : nil))
        }
    }
}

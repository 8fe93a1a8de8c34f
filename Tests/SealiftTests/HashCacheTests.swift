import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTestSupport
import Testing

@testable import Sealift

@Suite("The cache of piece hashes") struct HashCacheTests {
    private let folder = LoopbackTransfer()

    private func cache() throws -> HashCache {
        HashCache(home: try Home.open(path: folder.bytes("home")))
    }

    private func identity(size: UInt64, inode: UInt64 = 9) throws -> FileIdentity {
        let time = try #require(ModificationTime(seconds: 1_700_000_000, nanoseconds: 1))
        return FileIdentity(
            device: 1, inode: inode, size: size, modificationTime: time, changeTime: time)
    }

    private func hashes(
        _ layout: PieceLayout, _ generator: inout SeededGenerator
    ) throws -> PieceHashes {
        var hashes = PieceHashes(layout: layout)
        while let missing = hashes.firstMissing() {
            // Some pieces are found to be zeros though no hole says so.
            let isZero = generator.next() % 5 == 0
            hashes.set(
                isZero ? ZeroPiece.hash : try #require(Hash256(generator.bytes(32))), for: missing)
        }
        return hashes
    }

    @Test("gives back what was kept, with holes and zeros", arguments: SimulationSeed.series(20))
    func roundTrip(seed: SimulationSeed) throws {
        var generator = seed.generator(for: "hash cache")
        let size = (16 << 20) + generator.next() % (64 << 20)
        var runs: [Range<UInt64>] = []
        var next = generator.next() % 5
        while next + 9 < size / 262_144 {
            runs.append(next..<(next + 1 + generator.next() % 8))
            next = (runs.last?.upperBound ?? 0) + 1 + generator.next() % 20
        }
        let layout = PieceLayout(length: size, holes: try HoleRuns(runs, size: size))
        let kept = try hashes(layout, &generator)
        let cache = try cache()
        cache.keep(kept, of: try identity(size: size))
        let found = try #require(cache.hashes(of: try identity(size: size), layout: layout))
        #expect(found.root() == kept.root())
        // The same file listed with other holes has the same hashes.
        let plain = try #require(
            cache.hashes(of: try identity(size: size), layout: PieceLayout(length: size)))
        #expect(plain.root() == kept.root())
        #expect(cache.hashes(of: try identity(size: size + 1), layout: layout) == nil)
        #expect(cache.hashes(of: try identity(size: size, inode: 8), layout: layout) == nil)
    }

    @Test("a record changed at any place, cut or missing counts as none")
    func damage() throws {
        var generator = SeededGenerator(seed: 3)
        let size: UInt64 = 20 << 20
        let layout = PieceLayout(length: size)
        let cache = try cache()
        cache.keep(try hashes(layout, &generator), of: try identity(size: size))
        let name = try #require(try cache.home.records(prefix: "hashes-").first)
        let whole = try #require(try cache.home.readRecord(name))
        for place in stride(from: 0, to: whole.count, by: 53) {
            var bytes = whole
            bytes[place] ^= 0x10
            try cache.home.writeRecord(name, bytes)
            #expect(cache.hashes(of: try identity(size: size), layout: layout) == nil)
        }
        for length in [0, 50, 92, whole.count - 1] {
            try cache.home.writeRecord(name, Array(whole[..<length]))
            #expect(cache.hashes(of: try identity(size: size), layout: layout) == nil)
        }
        try cache.home.writeRecord(name, whole)
        #expect(cache.hashes(of: try identity(size: size), layout: layout) != nil)
    }
}

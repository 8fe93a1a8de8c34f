import Foundation
import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTestSupport
import SealiftTransfer
import Testing

@testable import Sealift

/// The power goes at every step of a transfer; writes that were not synced are lost or arrive out of
/// order.
@Suite("Power cuts")
struct PowerCutTests {
    @Test(
        "A name that was published is whole and known as ours, and no lost piece is believed",
        arguments: SimulationSeed.series(4))
    func everyStep(seed: SimulationSeed) throws {
        var generator = SeededGenerator(seed: seed.value)
        let source = try MemorySource(StorageTrees.mixed(seed: seed.value))
        let bench = try StorageBench()
        let overwrites = seed.value.isMultiple(of: 2)
        let tape = OperationTape()
        var transfer = DirectTransfer(source, into: try bench.store(tape: tape))
        transfer.flushInterval = 1 + Int(generator.next() % 5)
        transfer.run(objects: 6)
        var items = source.items
        if overwrites {
            // The sender's files change, and a second run replaces what the first one placed.
            for index in [3, 4, 7] { items[index].content = items[index].content.map { ~$0 } }
        }
        let changed = try MemorySource(items)
        transfer = DirectTransfer(changed, into: try bench.store(tape: tape))
        transfer.flushInterval = 1 + Int(generator.next() % 5)
        transfer.run()
        #expect(transfer.isCompleted)

        let root = try DirectoryHandle.open(path: Array("\(bench.path)/out".utf8)).status().inode
        let operations = tape.operations
        // From then on the transfer is complete, and its files are the user's.
        let conclusion = operations.lastIndex { operation in
            if case .unlink(_, let name) = operation {
                name.starts(with: "placed-".utf8)
            } else {
                false
            }
        }
        let last = try #require(conclusion)
        #expect(last > 60)
        for end in stride(from: 1, through: last, by: 5) {
            let disk = PowerCutDisk(
                root: root, operations: operations[..<end], generator: &generator)
            let place = "cut-\(end)"
            try disk.materialise(at: "\(bench.path)/\(place)")
            let context = "seed \(seed.value), cut after \(end)"
            try check(bench, place, [source, changed], context)
            try FileManager.default.removeItem(atPath: "\(bench.path)/\(place)")
        }
    }

    @Test(
        "A batch of small files gets its names behind one sync, and each that a cut leaves is whole",
        arguments: SimulationSeed.series(4))
    func batch(seed: SimulationSeed) throws {
        var generator = SeededGenerator(seed: seed.value)
        var items = [try StorageTrees.directory("t")]
        for number in 0..<24 {
            let content = generator.bytes(Int(generator.next() % 3_000))
            items.append(try StorageTrees.file("t/f-\(100 + number)", content))
        }
        let source = try MemorySource(items)
        let bench = try StorageBench()
        let tape = OperationTape()
        var store = try bench.store(tape: tape)
        // No sync falls due by the clock: all wait for the last.
        store.lastSync = .distantFuture
        var transfer = DirectTransfer(source, into: store)
        transfer.flushInterval = .max
        transfer.run()
        #expect(transfer.isCompleted)

        let root = try DirectoryHandle.open(path: Array("\(bench.path)/out".utf8)).status().inode
        let operations = tape.operations
        let renames = operations.indices.filter {
            if case .rename = operations[$0] { true } else { false }
        }
        let syncs = operations.indices.filter {
            if case .syncVolume = operations[$0] { true } else { false }
        }
        #expect(renames.count == 24)
        let (first, last) = (try #require(renames.first), try #require(renames.last))
        #expect(syncs.filter { $0 < first }.count == 1)
        #expect(!syncs.contains { first < $0 && $0 < last })
        // Up to the sync that settles the transfer.
        let end = try #require(syncs.first { $0 > last })
        for cut in stride(from: 1, through: end, by: 5) {
            let disk = PowerCutDisk(
                root: root, operations: operations[..<cut], generator: &generator)
            let place = "cut-\(cut)"
            try disk.materialise(at: "\(bench.path)/\(place)")
            try check(bench, place, [source, source], "seed \(seed.value), cut after \(cut)")
            try FileManager.default.removeItem(atPath: "\(bench.path)/\(place)")
        }
    }

    /// What the next run of the machine finds, and that it comes to a good end.
    private func check(
        _ bench: StorageBench, _ place: String, _ sources: [MemorySource], _ context: String
    ) throws {
        var store = try bench.store(output: place, boot: 2)
        for (number, item) in sources[1].items.enumerated() {
            guard let facts = item.entry.file else { continue }
            let path = item.entry.path.description
            let found = FileManager.default.contents(atPath: "\(bench.path)/\(place)/\(path)")
            if let found {
                // Whole: what the sender had first, or what it has now.
                let isWhole = sources.contains { $0.items[number].content == Array(found) }
                #expect(isWhole, "\(path), \(context)")
                let state = try store.destination(of: item.entry)
                #expect(state == .placed(number: 0), "\(path), \(context)")
            }
            guard facts.pieceLayout.pieceCount > 1,
                try store.stagedContent(of: item.entry).provenBytes > 0,
                let claimed = try store.openStaging(
                    FileIndex(UInt64(number) + 1), entry: item.entry)
            else { continue }
            try checkClaims(claimed, item, bench, place, context)
        }
        // The locks of the store above go with it.
        store.open = [:]
        var transfer = DirectTransfer(sources[1], into: try bench.store(output: place, boot: 2))
        transfer.run()
        #expect(transfer.isCompleted, "\(context): \(transfer.reports)")
        for item in sources[1].items where item.entry.file != nil {
            let path = "\(bench.path)/\(place)/\(item.entry.path.description)"
            let found = FileManager.default.contents(atPath: path).map { Array($0) }
            #expect(found == item.content, "\(path), \(context)")
        }
    }

    private func checkClaims(
        _ claimed: PieceHashes, _ item: MemorySource.Item, _ bench: StorageBench,
        _ place: String, _ context: String
    ) throws {
        guard let facts = item.entry.file else { return }
        let key = StagingKey(path: item.entry.path, file: facts).hexadecimal
        let sender = String(repeating: "09", count: 16)
        let path = "\(bench.path)/\(place)/.sealift/\(sender)/\(key).data"
        let data = Array(try #require(FileManager.default.contents(atPath: path)))
        for number in 0..<facts.pieceLayout.pieceCount {
            let piece = PieceIndex(number)
            guard let hash = claimed[piece], let length = facts.pieceLayout.pieceLength(piece)
            else { continue }
            let start = Int(number) * PieceGeometry.pieceSize
            let bytes = data[min(start, data.count)..<min(start + length, data.count)]
            let actual = Array(bytes).withUnsafeBytes {
                PieceHasher.hash($0, isOnlyPiece: false)
            }
            #expect(actual == hash, "piece \(number) of \(item.entry.path), \(context)")
        }
    }
}

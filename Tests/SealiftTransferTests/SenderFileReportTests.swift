import SealiftBase
import SealiftContent
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

@Suite("Sender file reports")
struct SenderFileReportTests {
    private func outputs(_ worker: inout SenderWorker<MemorySource>) -> [SenderOutput] {
        var found: [SenderOutput] = []
        while true {
            switch worker.step() {
            case .output(let output): found.append(output)
            case .working: continue
            case .idle: return found
            }
        }
    }

    private func isRoot(_ output: SenderOutput, of file: UInt64) -> Bool {
        if case .fileRoot(FileIndex(file), _) = output { true } else { false }
    }

    @Test("states the root of a file whose hashes it remembers, though nothing of it is read")
    func rememberedRoot() throws {
        var generator = SeededGenerator(seed: 1)
        var source = try MemorySource([
            SampleTrees.file("big", generator.bytes(PieceGeometry.pieceSize * 3 + 5))
        ])
        let entry = try #require(source.items.first?.entry)
        var hashes = PieceHashes(layout: entry.pieceLayout)
        for piece in 0..<UInt64(4) {
            let start = Int(piece) * PieceGeometry.pieceSize
            let content = source.items[0].content[start...].prefix(PieceGeometry.pieceSize)
            let hash = Array(content).withUnsafeBytes {
                PieceHasher.hash($0, isOnlyPiece: false)
            }
            hashes.set(hash, for: PieceIndex(piece))
        }
        source.remember(hashes, of: FileIndex(1), entry: entry)
        var worker = SenderWorker(source: source)
        worker.enqueue(
            .hashes(
                HashRequest(
                    object: ObjectID(rawValue: 0), file: FileIndex(1), firstPiece: .first,
                    count: 4)))
        let found = outputs(&worker)
        #expect(found.contains { isRoot($0, of: 1) })
        #expect(
            found.contains {
                if case .fileRead(_, _, _, isServed: false) = $0 { true } else { false }
            })
    }

    @Test("reports every file once, also empty ones and those that were not asked for")
    func reports() throws {
        var worker = SenderWorker(
            source: try MemorySource([
                SampleTrees.directory("d"), SampleTrees.file("d/a", []),
                SampleTrees.file("d/b", [1, 2, 3]), SampleTrees.file("d/c", [4]),
            ]))
        worker.enqueue(
            .request(
                PieceRequest(
                    firstObject: ObjectID(rawValue: 0), file: FileIndex(3), piece: .first,
                    count: 1)))
        var found = outputs(&worker)
        worker.enqueue(.manifest(skipped: IntervalSet()))
        found += outputs(&worker)
        let reported = found.compactMap { output -> (UInt64, Bool)? in
            guard case .fileRead(let file, _, _, let isServed) = output else { return nil }
            return (file.rawValue, isServed)
        }
        #expect(reported.map(\.0).sorted() == [2, 3, 4])
        #expect(reported.filter { !$0.1 }.map(\.0) == [4])
    }
}

import SealiftBase
import SealiftContent
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

/// What a sender reads, and in which order, for the requests that a receiver may make
/// (`docs/PROTOCOL.md` §7.3).
@Suite("Sender worker")
struct SenderWorkerTests {
    /// 1 `t`, 2 `t/a` (one piece), 3 `t/b` (a folder), 4 `t/c` (empty), 5 `t/d` (a hole, then two
    /// pieces), 6 `t/e` (nothing but a hole), 7 `t/f` (one piece).
    private static func source() throws -> MemorySource {
        let piece = PieceGeometry.pieceSize
        let zeros = [UInt8](repeating: 0, count: piece)
        let hole = try HoleRuns([0..<1], size: UInt64(piece))
        return try MemorySource([
            SampleTrees.directory("t"),
            SampleTrees.file("t/a", [1, 2, 3]),
            SampleTrees.directory("t/b"),
            SampleTrees.file("t/c", []),
            SampleTrees.file(
                "t/d", zeros + [UInt8](repeating: 4, count: piece) + [5], holes: hole),
            SampleTrees.file("t/e", zeros, holes: hole),
            SampleTrees.file("t/f", [6]),
        ])
    }

    private static func request(
        file: UInt64, piece: UInt64 = 0, count: UInt64 = 1
    ) -> SenderCommand {
        .request(
            PieceRequest(
                firstObject: ObjectID(rawValue: 0), file: FileIndex(file),
                piece: PieceIndex(piece), count: count))
    }

    private static func outputs(
        of worker: inout SenderWorker<MemorySource>
    ) -> [SenderOutput] {
        var outputs: [SenderOutput] = []
        while true {
            switch worker.step() {
            case .output(let output): outputs.append(output)
            case .working: continue
            case .idle: return outputs
            }
        }
    }

    @Test(
        "a request whose first piece does not exist is a violation, not the next file's first piece",
        arguments: [
            (1, 0), (2, 1), (3, 0), (4, 0), (5, 0), (5, 3), (6, 0), (8, 0), (2, 1 << 62),
            (1 << 62, 0),
        ] as [(UInt64, UInt64)])
    func firstPiece(file: UInt64, piece: UInt64) throws {
        var worker = SenderWorker(source: try Self.source())
        worker.enqueue(Self.request(file: file, piece: piece, count: 2))
        let outputs = Self.outputs(of: &worker)
        #expect(outputs.count == 1)
        guard case .violation(.noSuchPiece)? = outputs.first else {
            Issue.record("\(outputs)")
            return
        }
    }

    @Test("a request goes on through folders, empty files and holes")
    func goesOn() throws {
        var worker = SenderWorker(source: try Self.source())
        worker.enqueue(Self.request(file: 2, count: 4))
        let contents = Self.outputs(of: &worker).compactMap { output -> [UInt8]? in
            guard case .object(_, let buffer, _) = output else { return nil }
            return Array(buffer.content)
        }
        let full = [UInt8](repeating: 4, count: PieceGeometry.pieceSize)
        #expect(contents == [[1, 2, 3], full, [5], [6]])
    }

    @Test("a request that runs past the last piece of all is a violation behind that piece")
    func pastTheEnd() throws {
        var worker = SenderWorker(source: try Self.source())
        worker.enqueue(Self.request(file: 7, count: 2))
        let outputs = Self.outputs(of: &worker)
        guard case .violation(.noSuchPiece)? = outputs.last else {
            Issue.record("\(outputs)")
            return
        }
        #expect(outputs.contains { if case .object = $0 { true } else { false } })
    }

    @Test("a root is stated once to a receiver that asks for nothing but hashes, remembered or not")
    func rootForHashes() throws {
        var source = try Self.source()
        let file = FileIndex(5)
        let entry = try #require(try source.entry(at: file))
        let facts = try #require(entry.file)
        var hashes = PieceHashes(layout: facts.pieceLayout)
        for piece in 1..<3 as Range<UInt64> {
            let length = try #require(facts.pieceLayout.pieceLength(PieceIndex(piece)))
            let bytes = [UInt8](repeating: piece == 1 ? 4 : 5, count: length)
            hashes.set(
                bytes.withUnsafeBytes { PieceHasher.hash($0, isOnlyPiece: false) },
                for: PieceIndex(piece))
        }
        for isRemembered in [true, false] {
            if isRemembered { source.remember(hashes, of: file, entry: entry) }
            var worker = SenderWorker(source: source)
            for object in 0..<2 as Range<UInt64> {
                worker.enqueue(
                    .hashes(
                        HashRequest(
                            object: ObjectID(rawValue: object), file: file,
                            firstPiece: PieceIndex(1), count: 2)))
            }
            let outputs = Self.outputs(of: &worker)
            let roots = outputs.compactMap { output -> Hash256? in
                if case .fileRoot(file, let root) = output { root } else { nil }
            }
            #expect(roots == [hashes.root()])
            #expect(outputs.count { if case .object = $0 { true } else { false } } == 2)
        }
    }

    @Test("remembered hashes of a file that is no longer the one listed are not handed out")
    func changedSince() throws {
        var source = try Self.source()
        let file = FileIndex(5)
        let entry = try #require(try source.entry(at: file))
        let layout = try #require(entry.file).pieceLayout
        var hashes = PieceHashes(layout: layout)
        for piece in 1..<3 as Range<UInt64> {
            hashes.set(SHA256Root.sample, for: PieceIndex(piece))
        }
        source.remember(hashes, of: file, entry: entry)
        source.changed = [file]
        var worker = SenderWorker(source: source)
        worker.enqueue(
            .hashes(
                HashRequest(
                    object: ObjectID(rawValue: 0), file: file, firstPiece: PieceIndex(1),
                    count: 2)))
        let outputs = Self.outputs(of: &worker)
        #expect(!outputs.contains { if case .object = $0 { true } else { false } })
        #expect(
            outputs.contains {
                if case .fileFailed(file, _, .changed) = $0 { true } else { false }
            })
    }
}

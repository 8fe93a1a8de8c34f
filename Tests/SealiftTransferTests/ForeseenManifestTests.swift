import SealiftBase
import SealiftContent
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

/// The manifest that a sender computes before it is asked for it.
@Suite("Foreseen manifest")
struct ForeseenManifestTests {
    private static let files = 3_000

    /// A folder, an empty file, then small files: entry 1, 2, and 3 on.
    private static func source() throws -> MemorySource {
        var items = try SampleTrees.small(count: files, seed: 1)
        items.insert(try SampleTrees.file("many/-empty", []), at: 1)
        return try MemorySource(items)
    }

    /// A worker that was asked for the first `count` files, and had time.
    private static func served(_ count: Int) throws -> SenderWorker<MemorySource> {
        var worker = SenderWorker(source: try source())
        worker.enqueue(
            .request(
                PieceRequest(
                    firstObject: ObjectID(rawValue: 0), file: FileIndex(3), piece: .first,
                    count: UInt64(count))))
        _ = outputs(of: &worker)
        return worker
    }

    private static func outputs(of worker: inout SenderWorker<MemorySource>) -> [SenderOutput] {
        var outputs: [SenderOutput] = []
        while true {
            switch worker.step() {
            case .output(let output): outputs.append(output)
            case .working: continue
            case .idle: return outputs
            }
        }
    }

    /// What the manifest has to be where `leftOut` are no part of it.
    private static func manifest(without leftOut: Set<UInt64> = []) throws -> Completion {
        var hasher = ManifestHasher()
        var completion = Completion(root: .zero, files: 0, bytes: 0)
        for (offset, item) in try source().items.enumerated()
        where !leftOut.contains(UInt64(offset + 1)) {
            let root = item.content.withUnsafeBytes { PieceHasher.hash($0, isOnlyPiece: true) }
            hasher.append(item.entry, root: item.content.isEmpty ? nil : root)
            if item.entry.file != nil {
                completion.files += 1
                completion.bytes += UInt64(item.content.count)
            }
        }
        completion.root = hasher.finalize()
        return completion
    }

    private static func manifest(in outputs: [SenderOutput]) -> Completion? {
        for case .manifest(let completion) in outputs { return completion }
        return nil
    }

    @Test("it is there when it is asked for, right, and every file is told of once")
    func ready() throws {
        var worker = try Self.served(Self.files)
        worker.enqueue(.manifest(skipped: IntervalSet()))
        var steps = 0
        var outputs: [SenderOutput] = []
        while case .output(let output) = worker.step() {
            steps += 1
            outputs.append(output)
        }
        #expect(Self.manifest(in: outputs) == (try Self.manifest()))
        // The empty file, and the manifest: nothing was walked.
        #expect(steps == 2)
        let told = outputs.count { if case .fileRead = $0 { true } else { false } }
        #expect(told == 1)
    }

    @Test("what was not asked for is hashed for the manifest all the same")
    func partly() throws {
        var worker = try Self.served(1_500)
        worker.enqueue(.manifest(skipped: IntervalSet()))
        let outputs = Self.outputs(of: &worker)
        #expect(Self.manifest(in: outputs) == (try Self.manifest()))
        let told = outputs.count { if case .fileRead = $0 { true } else { false } }
        #expect(told == 1 + Self.files - 1_500)
    }

    @Test("where an entry is skipped it is computed anew")
    func skipped() throws {
        var worker = try Self.served(Self.files)
        worker.enqueue(.manifest(skipped: IntervalSet(7..<8)))
        #expect(Self.manifest(in: Self.outputs(of: &worker)) == (try Self.manifest(without: [7])))
    }

    @Test("a file that fails after it was whole is no part of it")
    func failedLater() throws {
        var worker = try Self.served(Self.files)
        worker.source.faults[FileIndex(9)] = (PieceIndex(0), .vanished)
        worker.enqueue(
            .request(
                PieceRequest(
                    firstObject: ObjectID(rawValue: 9_000), file: FileIndex(9), piece: .first,
                    count: 1)))
        _ = Self.outputs(of: &worker)
        worker.enqueue(.manifest(skipped: IntervalSet()))
        #expect(Self.manifest(in: Self.outputs(of: &worker)) == (try Self.manifest(without: [9])))
    }
}

import SealiftBase
import SealiftContent
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

@Suite("Sender worker: what the user is told")
struct SenderReportTests {
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

import Foundation
import Glibc
import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTestSupport
import SealiftTransfer
import Testing

@testable import Sealift

/// A disk that is full, over its quota, dying or read-only from any moment on.
@Suite("A failing disk")
struct FailingDiskTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        let code: Int32
        let kind: StorageFailure.Kind
        let testDescription: String
    }

    private static let faults = [
        Fault(code: ENOSPC, kind: .full, testDescription: "full"),
        Fault(code: EDQUOT, kind: .full, testDescription: "over the quota"),
        Fault(code: EIO, kind: .other, testDescription: "dying"),
        Fault(code: EROFS, kind: .denied, testDescription: "read-only"),
    ]

    /// Every call that the store makes, and how much of it may succeed before.
    private static let moments: [(FaultInjector.Operation, credits: [Int])] = [
        (.createDirectory, [0, 1, 2, 3]), (.createFile, [0, 1, 4, 9]),
        (.write, [0, 100, 8_192, 300_000, 1_500_000]), (.reserve, [0, 262_144]),
        (.setSize, [0, 1]), (.sync, [0, 1, 3]), (.rename, [0, 1, 5]), (.read, [0, 100]),
    ]

    @Test("ends the run, loses nothing, and the next run ends identical", arguments: faults)
    func everyCall(fault: Fault) throws {
        var ended = 0
        for (operation, credits) in Self.moments {
            for credit in credits {
                let source = try MemorySource(StorageTrees.mixed(seed: 31))
                let bench = try StorageBench()
                let context = "\(operation) after \(credit)"
                let injector = FaultInjector()
                injector.fail(operation, with: fault.code, after: credit)
                let first = try Self.run(source, into: try bench.store(faults: injector))
                if let failure = first.failure {
                    ended += 1
                    #expect(failure.kind == fault.kind, "\(context): \(failure)")
                    #expect(!first.isCompleted, "\(context)")
                } else {
                    // Files that could not get their names are named, and nothing is claimed of them.
                    #expect(first.isCompleted, "\(context)")
                    for case (let path, .unplaced(let failure)) in first.results {
                        #expect(failure.kind == fault.kind, "\(path), \(context): \(failure)")
                    }
                }
                // What has a name is whole.
                for (path, content) in source.files {
                    let found = bench.content(path)
                    #expect(found.map { $0 == content } ?? true, "\(path), \(context)")
                }
                guard !first.isCompleted || first.filesFailed > 0 else { continue }
                let second = try Self.run(source, into: try bench.store())
                #expect(second.isCompleted, "\(context): \(String(describing: second.failure))")
                for (path, content) in source.files {
                    #expect(
                        bench.content(path).map { $0 == content } == true, "\(path), \(context)")
                }
                #expect(try !bench.names().contains(".sealift"), "\(context)")
            }
        }
        #expect(ended > 10)
    }

    /// What is left of a run when its process is gone: no lock and no open file.
    private struct Outcome {
        let isCompleted: Bool
        let failure: StorageFailure?
        let results: [String: FileResult]
        let filesFailed: Int
    }

    private static func run(
        _ source: MemorySource, into store: ReceiverFileStore
    ) throws -> Outcome {
        var transfer = DirectTransfer(source, into: store)
        transfer.run()
        var failure: StorageFailure?
        if case .storageFailed(let found)? = transfer.reports.last { failure = found }
        return Outcome(
            isCompleted: transfer.isCompleted, failure: failure, results: transfer.results,
            filesFailed: Int(transfer.receiver.tally.filesFailed))
    }

    @Test("that is another than the home's is as good as any")
    func otherFileSystem() throws {
        let (run, elsewhere) = (LoopbackTransfer(), LoopbackTransfer(inMemory: true))
        try run.write("a", to: "source/t/a")
        try run.write(String(repeating: "b", count: 600_000), to: "source/t/sub/b")
        symlink(elsewhere.path, "\(run.path)/out")
        let outcome = try run.run(sending: "source/t", into: "out/deep/er")
        #expect(outcome.receiverError == nil)
        let there = try elsewhere.snapshot("deep/er")
        #expect(there == (try run.snapshot("source")))
    }

    @Test("is not blamed where OUTPUT is a file: the message says so", arguments: ["out", "out/"])
    func outputIsAFile(output: String) throws {
        let run = LoopbackTransfer()
        try run.write("a", to: "source/t/a")
        try run.write("theirs", to: "out")
        for (output, words) in [(output, "is a file"), ("out/deeper", "leads through a file")] {
            let outcome = try run.run(sending: "source/t", into: output)
            guard case .failure(let error) = outcome.received else {
                Issue.record("it was received into a file")
                return
            }
            #expect(error.message.contains(words), "\(error.message)")
            #expect(error.exitStatus == .storage)
        }
        #expect(try String(contentsOfFile: "\(run.path)/out", encoding: .utf8) == "theirs")
    }
}

extension MemorySource {
    /// Path and content of every file.
    fileprivate var files: [(path: String, content: [UInt8])] {
        items.filter { $0.entry.file != nil }.map { ($0.entry.path.description, $0.content) }
    }
}

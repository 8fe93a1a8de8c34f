import Foundation
import SealiftBase
import SealiftContent
import SealiftTestSupport
import SealiftTransfer
import Testing

@testable import Sealift

/// Interrupted runs on a real disk, and what the next run makes of them.
@Suite("Continued transfers")
struct ContinuedTransferTests {
    private func isIdentical(_ bench: StorageBench, _ source: MemorySource) -> Bool {
        source.items.allSatisfy { item in
            item.entry.file == nil || bench.content(item.entry.path.description) == item.content
        }
    }

    /// A run that is killed after so many objects.
    /// - Returns: bytes of content that were proven.
    @discardableResult
    private func killed(
        _ source: MemorySource, _ bench: StorageBench, after objects: Int, flushInterval: Int = 3
    ) throws -> UInt64 {
        var run = DirectTransfer(source, into: try bench.store())
        run.flushInterval = flushInterval
        run.run(objects: objects)
        #expect(!run.isOver)
        return run.receiver.tally.receivedBytes
    }

    @Test("A run killed after any number of objects is continued, and nothing proven comes again")
    func everyMoment() throws {
        let source = try MemorySource(StorageTrees.mixed(seed: 1))
        for objects in 0..<40 {
            let bench = try StorageBench()
            var first = DirectTransfer(source, into: try bench.store())
            first.run(objects: objects)
            let proven = first.receiver.tally.receivedBytes
            guard !first.isOver else { break }
            first = DirectTransfer(source, into: try bench.store())
            first.run()
            #expect(first.isCompleted, "after \(objects): \(first.reports)")
            #expect(isIdentical(bench, source), "after \(objects)")
            #expect(first.receiver.tally.receivedBytes == source.totals.dataBytes - proven)
            #expect(first.receiver.tally.reusedBytes == proven)
            #expect(first.receiver.tally.resentProvenBytes == 0)
            #expect(first.receiver.tally.filesDelivered == source.totals.files)
            #expect(try !bench.names().contains(".sealift"), "after \(objects)")
        }
    }

    @Test("A sender whose hashes are all remembered states the roots without reading again")
    func rememberedHashes() throws {
        var source = try MemorySource(StorageTrees.mixed(seed: 2))
        let bench = try StorageBench()
        // Nothing gets its name: everything is in staging when the last object was read.
        try killed(source, bench, after: 15, flushInterval: .max)
        source.rememberEverything()
        var second = DirectTransfer(source, into: try bench.store())
        second.run()
        #expect(second.isCompleted, "\(second.reports)")
        #expect(isIdentical(bench, source))
    }

    @Test("A complete transfer received again meets its files as anybody's")
    func completeAgain() throws {
        let source = try MemorySource(StorageTrees.mixed(seed: 3))
        let bench = try StorageBench()
        var first = DirectTransfer(source, into: try bench.store())
        first.run()
        #expect(first.isCompleted)
        var second = DirectTransfer(source, into: try bench.store())
        second.run()
        #expect(second.summary?.conflictCount == source.totals.files)
    }

    @Test("A placed file that changed at the sender is replaced, and others are left alone")
    func changedAtSender() throws {
        var items = try StorageTrees.mixed(seed: 4)
        let bench = try StorageBench()
        try killed(try MemorySource(items), bench, after: 12)
        #expect(bench.content("t/b-1") != nil)
        // One with another time, one behind the file system's back: same size, same time.
        items[3] = try StorageTrees.file("t/b-1", [1, 2], seconds: 1_700_000_001)
        items[4].content = items[4].content.map { ~$0 }
        items[7].content = items[7].content.map { ~$0 }
        let source = try MemorySource(items)
        var second = DirectTransfer(source, into: try bench.store())
        second.run()
        #expect(second.summary?.conflictCount == 0)
        #expect(second.isCompleted, "\(second.reports)")
        #expect(isIdentical(bench, source))
        #expect(try !bench.names().contains(".sealift"))
    }

    @Test("A placed file that somebody changed is theirs: a conflict")
    func changedHere() throws {
        let source = try MemorySource(StorageTrees.mixed(seed: 5))
        let bench = try StorageBench()
        try killed(source, bench, after: 12)
        bench.write("t/b-2", [7, 7])
        var second = DirectTransfer(source, into: try bench.store())
        second.run()
        #expect(second.summary?.conflicts.map(\.description) == ["t/b-2"])
        #expect(bench.content("t/b-2") == [7, 7])
        // Gone, it is fetched again.
        try bench.remove("t/b-2")
        var third = DirectTransfer(source, into: try bench.store())
        third.run()
        #expect(third.isCompleted)
        #expect(isIdentical(bench, source))
    }

    @Test("A folder copied to another disk goes on where it was")
    func copied() throws {
        let source = try MemorySource(StorageTrees.mixed(seed: 6))
        let bench = try StorageBench()
        let proven = try killed(source, bench, after: 14)
        let copy = Process()
        copy.executableURL = URL(fileURLWithPath: "/bin/cp")
        copy.arguments = ["-a", "\(bench.path)/out", "\(bench.path)/copy"]
        try copy.run()
        copy.waitUntilExit()
        var second = DirectTransfer(source, into: try bench.store(output: "copy"))
        second.run()
        #expect(second.isCompleted, "\(second.reports)")
        #expect(second.receiver.tally.reusedBytes == proven)
    }

    @Test("A name that is taken meanwhile keeps its content in staging, and a rerun places it")
    func takenLater() throws {
        let source = try MemorySource(StorageTrees.mixed(seed: 7))
        let bench = try StorageBench()
        var first = DirectTransfer(source, into: try bench.store())
        first.flushInterval = .max
        first.run(objects: 5)
        bench.write("t/b-3", [1])
        bench.write("t/c-large", [2])
        first.run()
        #expect(first.isCompleted, "\(first.reports)")
        #expect(first.receiver.tally.filesFailed == 2)
        guard case .unplaced(let failure)? = first.results["t/c-large"] else {
            Issue.record("\(first.results)")
            return
        }
        #expect(failure.description.contains(".sealift"))
        #expect(bench.content("t/c-large") == [2])
        try bench.remove("t/b-3")
        try bench.remove("t/c-large")
        var second = DirectTransfer(source, into: try bench.store())
        second.run()
        #expect(second.isCompleted, "\(second.reports)")
        #expect(second.receiver.tally.receivedBytes == 0)
        #expect(isIdentical(bench, source))
        #expect(try !bench.names().contains(".sealift"))
    }

    @Test("Another transfer of the same sender keeps its records when this one completes")
    func twoTransfers() throws {
        let bench = try StorageBench()
        let one = try MemorySource([
            StorageTrees.file("a", [1]), StorageTrees.file("b", [2]), StorageTrees.file("c", [3]),
        ])
        let two = try MemorySource([StorageTrees.file("x", [4]), StorageTrees.file("y", [5])])
        try killed(one, bench, after: 3, flushInterval: 1)
        #expect(bench.content("a") == [1])
        var second = DirectTransfer(two, into: try bench.store())
        second.run()
        #expect(second.isCompleted)
        var third = DirectTransfer(one, into: try bench.store())
        third.run()
        #expect(third.isCompleted, "\(String(describing: third.summary))")
        #expect(try !bench.names().contains(".sealift"))
    }
}

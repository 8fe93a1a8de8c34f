import Foundation
import SealiftBase
import SealiftContent
import SealiftTestSupport
import SealiftTransfer
import Testing

@testable import Sealift

@Suite("Names that are taken")
struct ConflictTests {
    private func run(
        _ policy: ReceiverChoices.OnConflict, _ bench: StorageBench,
        _ items: [MemorySource.Item]
    ) throws -> DirectTransfer {
        var transfer = DirectTransfer(
            try MemorySource(items), into: try bench.store(),
            choices: ReceiverChoices(onConflict: policy))
        transfer.run()
        return transfer
    }

    private func items() throws -> [MemorySource.Item] {
        var generator = SeededGenerator(seed: 1)
        return [
            try StorageTrees.file("data.tar.gz", generator.bytes(300_000)),
            try StorageTrees.file("free", [9]), try StorageTrees.file("small.txt", [1, 2, 3]),
        ]
    }

    private func bench() throws -> StorageBench {
        let bench = try StorageBench()
        bench.write("data.tar.gz", [1])
        bench.write("small.txt", [2])
        bench.write("small (1).txt", [3])
        return bench
    }

    @Test("fail: nothing is received")
    func fail() throws {
        let bench = try bench()
        let transfer = try run(.fail, bench, items())
        #expect(transfer.summary?.conflictCount == 2)
        #expect(bench.content("free") == nil)
    }

    @Test("skip: what is there stays, the rest is received, and both ends agree on the part")
    func skip() throws {
        let bench = try bench()
        let transfer = try run(.skip, bench, items())
        #expect(transfer.isCompleted, "\(transfer.reports)")
        #expect(transfer.receiver.tally.filesSkipped == 2)
        #expect(transfer.receiver.tally.entriesSkipped == 2)
        #expect(transfer.results["small.txt"] == .skipped(.exists))
        #expect(bench.content("small.txt") == [2])
        #expect(bench.content("free") == [9])
    }

    @Test("rename: both stay, with the next free number")
    func rename() throws {
        let bench = try bench()
        let items = try items()
        let transfer = try run(.rename, bench, items)
        #expect(transfer.isCompleted, "\(transfer.reports)")
        #expect(bench.content("data.tar.gz") == [1])
        #expect(bench.content("data (1).tar.gz") == items[0].content)
        #expect(bench.content("small (2).txt") == [1, 2, 3])
        let path = try EntryPath(Array("small (2).txt".utf8))
        #expect(transfer.results["small.txt"] == .deliveredAs(path))
    }

    @Test("rename: an interrupted run knows its own renamed files")
    func renameContinued() throws {
        let bench = try bench()
        let items = try items()
        var first = DirectTransfer(
            try MemorySource(items), into: try bench.store(),
            choices: ReceiverChoices(onConflict: .rename))
        first.flushInterval = 1
        first.run(objects: 5)
        #expect(bench.content("data (1).tar.gz") == items[0].content)
        let transfer = try run(.rename, bench, items)
        #expect(transfer.isCompleted, "\(transfer.reports)")
        #expect(bench.content("data (2).tar.gz") == nil)
        #expect(bench.content("small (2).txt") == [1, 2, 3])
    }

    @Test("overwrite: what is there is replaced and gone")
    func overwrite() throws {
        let bench = try bench()
        let items = try items()
        let transfer = try run(.overwrite, bench, items)
        #expect(transfer.isCompleted, "\(transfer.reports)")
        #expect(bench.content("data.tar.gz") == items[0].content)
        #expect(bench.content("small.txt") == [1, 2, 3])
        #expect(try bench.names() == ["data.tar.gz", "free", "small (1).txt", "small.txt"])
    }

    @Test("overwrite: a folder that took the name meanwhile is put back")
    func overwriteSwapped() throws {
        let bench = try bench()
        var transfer = DirectTransfer(
            try MemorySource(items()), into: try bench.store(),
            choices: ReceiverChoices(onConflict: .overwrite))
        transfer.flushInterval = .max
        transfer.run(objects: 2)
        try bench.remove("small.txt")
        try FileManager.default.createDirectory(
            atPath: "\(bench.path)/out/small.txt/in", withIntermediateDirectories: true)
        transfer.run()
        #expect(transfer.receiver.tally.filesFailed == 1)
        #expect(try bench.names().contains("small.txt/in"))
    }

    @Test(
        "kinds that differ are always an error",
        arguments: ReceiverChoices.OnConflict.allCases)
    func kinds(policy: ReceiverChoices.OnConflict) throws {
        let bench = try StorageBench()
        try FileManager.default.createDirectory(
            atPath: "\(bench.path)/out/free", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(bench.path)/out/small.txt", withDestinationPath: "elsewhere")
        let transfer = try run(policy, bench, items())
        #expect(transfer.summary?.conflictCount == 2)
        #expect(!transfer.isCompleted)
    }

    @Test("only a part: folders come as far as they are needed, and the root is of the part")
    func selection() throws {
        let bench = try StorageBench()
        let source = try MemorySource(StorageTrees.mixed(seed: 2))
        var transfer = DirectTransfer(
            source, into: try bench.store(),
            choices: ReceiverChoices(
                selection: EntrySelection(
                    included: [try GlobPattern("*-large".utf8)],
                    excluded: [try GlobPattern("e-*".utf8)])))
        transfer.run()
        #expect(transfer.isCompleted, "\(transfer.reports)")
        #expect(try bench.names() == ["t", "t/c-large"])
        #expect(transfer.receiver.tally.filesDelivered == 1)
        #expect(transfer.receiver.tally.filesSkipped == source.totals.files - 1)
        #expect(transfer.receiver.tally.entriesSkipped == source.totals.entries - 2)
    }

    @Test("A file that the disk changed behind our back is named, and fetched again by a rerun")
    func verifyDisk() throws {
        let bench = try StorageBench()
        let source = try MemorySource(StorageTrees.mixed(seed: 3))
        let choices = ReceiverChoices(verifiesDisk: true)
        var transfer = DirectTransfer(source, into: try bench.store(), choices: choices)
        var finishes = 0
        transfer.whileFinishing = {
            finishes += 1
            guard finishes == 2,
                let file = FileHandle(forUpdatingAtPath: "\(bench.path)/out/t/c-large")
            else { return }
            file.seek(toFileOffset: 800_000)
            file.write(Data([1, 2, 3, 4]))
            try? file.close()
        }
        transfer.run()
        #expect(!transfer.isCompleted)
        #expect(transfer.results["t/c-large"] == .diskRefuted)
        var again = DirectTransfer(source, into: try bench.store(), choices: choices)
        again.run()
        #expect(again.isCompleted, "\(again.reports)")
        for item in source.items where item.entry.file != nil {
            #expect(bench.content(item.entry.path.description) == item.content)
        }
    }
}

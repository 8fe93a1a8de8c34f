import SealiftBase
import SealiftContent
import SealiftTestSupport
import Testing

@testable import SealiftTransfer

/// What is decided about a listing before a byte of content moves.
@Suite("The review of a listing")
struct ListingReviewTests {
    private func entries(_ names: [String]) throws -> [ListingEntry] {
        try names.map { name in
            name.hasSuffix("/")
                ? try SampleTrees.directory(String(name.dropLast())).entry
                : try SampleTrees.file(name, [1, 2, 3]).entry
        }
    }

    private func review(
        _ names: [String], _ choices: ReceiverChoices = ReceiverChoices(),
        states: [String: DestinationState] = [:], onDisk: Set<String> = []
    ) throws -> ListingReview {
        var review = ListingReview(choices: choices, totals: ListingTotals(), freeSpace: 1 << 40)
        let entries = try entries(names)
        for (number, entry) in entries.enumerated() {
            let index = FileIndex(UInt64(number) + 1)
            guard review.wants(index, entry) else { continue }
            let state = states[entry.path.description] ?? .free
            review.take(index, entry, state, staged: .none)
        }
        review.endOfListing()
        if review.needsNumbers {
            for entry in entries { review.noteName(entry.path) }
            try review.giveNumbers { path in !onDisk.contains(path.description) }
        }
        review.finish()
        return review
    }

    private func selection(include: [String] = [], exclude: [String] = []) throws -> ReceiverChoices
    {
        ReceiverChoices(
            selection: EntrySelection(
                included: try include.map { try GlobPattern($0.utf8) },
                excluded: try exclude.map { try GlobPattern($0.utf8) }))
    }

    @Test("leaves out folders that nothing selected lies in, and keeps the way to the rest")
    func folders() throws {
        let names = ["t/", "t/a/", "t/a/x.bin", "t/b/", "t/b/c/", "t/b/c/y.txt", "t/e/", "t/z.bin"]
        let review = try review(names, selection(include: ["*.bin"]))
        #expect(review.decisions.unselected.ranges == [4..<8])
        #expect(review.summary.takenFiles == 2)
        #expect(review.summary.takenBytes == 6)
        #expect(review.summary.unselectedFiles == 1)
    }

    @Test("takes everything, empty folders too, where nothing is selected")
    func everything() throws {
        let review = try review(["t/", "t/e/", "t/x"])
        #expect(review.decisions == ListingDecisions())
        #expect(review.summary.takenFiles == 1)
    }

    @Test("fails for names that are taken, unless it is told what to do", arguments: [1, 2, 3, 4])
    func conflicts(number: Int) throws {
        let policies: [ReceiverChoices.OnConflict] = [.fail, .skip, .rename, .overwrite]
        let policy = policies[number - 1]
        let review = try review(
            ["t/", "t/a.txt", "t/b"], ReceiverChoices(onConflict: policy),
            states: ["t/a.txt": .occupied])
        #expect(review.summary.conflictCount == (policy == .fail ? 1 : 0))
        #expect(review.decisions.skipped.contains(2) == (policy == .skip))
        #expect(review.summary.skippedFiles == (policy == .skip ? 1 : 0))
        #expect(review.decisions.overwriting.contains(2) == (policy == .overwrite))
        #expect(review.decisions.numbers == (policy == .rename ? [FileIndex(2): 1] : [:]))
    }

    @Test("never resolves a conflict between kinds", arguments: [1, 2, 3, 4])
    func kinds(number: Int) throws {
        let policies: [ReceiverChoices.OnConflict] = [.fail, .skip, .rename, .overwrite]
        let review = try review(
            ["t/", "t/a"], ReceiverChoices(onConflict: policies[number - 1]),
            states: ["t/a": .obstructed])
        #expect(review.summary.conflictCount == 1)
    }

    @Test("gives the next number that is free, in the listing and on disk")
    func numbers() throws {
        let review = try review(
            ["a (4).txt", "a (x).txt", "a.txt", "b", "b (1)"],
            ReceiverChoices(onConflict: .rename),
            states: ["a.txt": .occupied, "b": .occupied], onDisk: ["a (5).txt", "b (2)"])
        #expect(review.decisions.numbers == [FileIndex(3): 6, FileIndex(4): 3])
        #expect(review.summary.renamedFiles == 2)
    }

    @Test("counts what is here already, and room only for what is not")
    func space() throws {
        var review = ListingReview(
            choices: ReceiverChoices(), totals: ListingTotals(), freeSpace: 10)
        let large = try SampleTrees.file("a", [UInt8](repeating: 1, count: 1 << 20)).entry
        let placed = try SampleTrees.file("b", [1, 2, 3]).entry
        let wantsLarge = review.wants(FileIndex(1), large)
        #expect(wantsLarge)
        review.take(
            FileIndex(1), large, .free,
            staged: StagedContent(allocatedBytes: 800_000, provenBytes: 700_000))
        let wantsPlaced = review.wants(FileIndex(2), placed)
        #expect(wantsPlaced)
        review.take(FileIndex(2), placed, .placed(number: 0), staged: .none)
        #expect(review.summary.neededBytes == (1 << 20) - 800_000)
        #expect(review.summary.reusableBytes == 700_003)
        #expect(review.decisions.placed.contains(2))
    }

    @Test("is too scattered for a sender only beyond half a million separate runs")
    func scattered() throws {
        var review = ListingReview(
            choices: try selection(exclude: ["*.x"]), totals: ListingTotals(), freeSpace: 0)
        let left = try SampleTrees.file("a.x", []).entry
        let taken = try SampleTrees.file("b", []).entry
        for index in 0..<UInt64(SenderSession.maximumSkippedRuns / 2 + 1) {
            _ = review.wants(FileIndex(2 * index + 1), left)
            _ = review.wants(FileIndex(2 * index + 2), taken)
        }
        review.finish()
        #expect(review.summary.isTooScattered)
    }
}

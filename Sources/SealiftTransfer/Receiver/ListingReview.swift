internal import SealiftBase
internal import SealiftContent

/// Looks at every entry of a listing and decides what is to become of it.
///
/// A value without I/O: entries come with what stands at their destination.
struct ListingReview: Sendable {
    private let choices: ReceiverChoices
    private(set) var decisions = ListingDecisions()
    private(set) var summary: ListingSummary
    /// The directories that the entry at hand lies in, from the top.
    private var folders: [(index: FileIndex, path: EntryPath, isNeeded: Bool)] = []
    /// Entries that get a number, with the highest number that a listed name of theirs has.
    private var unnamed: [EntryPath: (index: FileIndex, isFile: Bool, highest: UInt32)] = [:]

    init(choices: ReceiverChoices, totals: ListingTotals, freeSpace: UInt64) {
        self.choices = choices
        summary = ListingSummary(
            totals: totals, freeSpace: freeSpace, conflicts: [], conflictCount: 0)
    }

    /// Whether what stands at the destination of `entry` matters. To be called for every entry, in
    /// listing order, and followed by ``take(_:_:_:_:)`` where the answer is yes.
    mutating func wants(_ index: FileIndex, _ entry: ListingEntry) -> Bool {
        closeFolders(before: entry.path)
        if entry.entryKind == .directory {
            let isEverything = choices.selection.isEverything
            folders.append((index, entry.path, isEverything))
            // With a selection, whatever obstructs a folder obstructs the files in it too.
            return isEverything
        }
        guard choices.selection.takes(entry) else {
            decisions.unselected.insert(index.rawValue)
            if entry.entryKind == .file { summary.unselectedFiles += 1 }
            return false
        }
        for place in folders.indices.reversed() where !folders[place].isNeeded {
            folders[place].isNeeded = true
        }
        return true
    }

    /// Decides about an entry that is wanted.
    mutating func take(
        _ index: FileIndex, _ entry: ListingEntry, _ state: DestinationState,
        staged: StagedContent
    ) {
        let dataBytes = entry.pieceLayout.dataBytes
        switch state {
        case .free:
            count(entry, needing: staged)
        case .placed(let number):
            decisions.placed.insert(index.rawValue)
            if number > 0 { decisions.numbers[index] = number }
            summary.reusableBytes += dataBytes
            count(entry, needing: nil)
        case .outdated(let number):
            decisions.outdated.insert(index.rawValue)
            if number > 0 { decisions.numbers[index] = number }
            count(entry, needing: staged)
        case .occupied:
            resolve(index, entry, staged)
        case .obstructed:
            refuse(entry.path)
        }
    }

    private mutating func resolve(
        _ index: FileIndex, _ entry: ListingEntry, _ staged: StagedContent
    ) {
        let isFile = entry.entryKind == .file
        switch choices.onConflict {
        case .fail:
            refuse(entry.path)
        case .skip:
            decisions.skipped.insert(index.rawValue)
            if isFile { summary.skippedFiles += 1 }
        case .overwrite:
            decisions.overwriting.insert(index.rawValue)
            if isFile { summary.overwrittenFiles += 1 }
            count(entry, needing: staged)
        case .rename:
            unnamed[entry.path] = (index, isFile, 0)
            count(entry, needing: staged)
        }
    }

    private mutating func count(_ entry: ListingEntry, needing staged: StagedContent?) {
        guard let facts = entry.file else { return }
        summary.takenFiles += 1
        summary.takenBytes += facts.size
        guard let staged else { return }
        let dataBytes = facts.pieceLayout.dataBytes
        summary.neededBytes += dataBytes - min(dataBytes, staged.allocatedBytes)
        summary.reusableBytes += min(dataBytes, staged.provenBytes)
    }

    private mutating func refuse(_ path: EntryPath) {
        summary.conflictCount += 1
        if summary.conflicts.count < ListingSummary.maximumConflictsKept {
            summary.conflicts.append(path)
        }
    }

    private mutating func closeFolders(before path: EntryPath?) {
        while let last = folders.last, path.map({ !$0.isBelow(last.path) }) ?? true {
            folders.removeLast()
            if !last.isNeeded { decisions.unselected.insert(last.index.rawValue) }
        }
    }

    /// No entry follows.
    mutating func endOfListing() {
        closeFolders(before: nil)
    }

    // MARK: Numbers in names

    /// Whether a second walk through the listing is needed, to give numbers to names.
    var needsNumbers: Bool { !unnamed.isEmpty }

    /// Notes a listed name that a number could lead to. To be called for every entry once more.
    mutating func noteName(_ path: EntryPath) {
        guard let (original, number) = NumberedName.parse(path), let old = unnamed[original] else {
            return
        }
        unnamed[original]?.highest = max(old.highest, number)
    }

    /// Gives every name the next number that is free, in the listing and on disk.
    mutating func giveNumbers(
        isFree: (EntryPath) throws(StorageFailure) -> Bool
    ) throws(StorageFailure) {
        for (path, name) in unnamed {
            var number = name.highest
            var isFound = false
            for _ in 0..<Self.mostNumbersTried where !isFound && number < NumberedName.maximumNumber
            {
                number += 1
                guard let numbered = NumberedName.path(path, number: number) else { break }
                isFound = try isFree(numbered)
            }
            if isFound {
                decisions.numbers[name.index] = number
                if name.isFile { summary.renamedFiles += 1 }
            } else {
                refuse(path)
            }
        }
        unnamed.removeAll()
    }

    /// Numbers tried before a name counts as taken for good.
    private static let mostNumbersTried = 100_000

    /// Ends the review: notes whether the sender can be told what is left out.
    mutating func finish() {
        summary.isTooScattered =
            decisions.leftOut.rangeCount > SenderSession.maximumSkippedRuns / 2
    }
}

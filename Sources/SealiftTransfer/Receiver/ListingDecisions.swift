internal import SealiftBase
internal import SealiftContent

/// What is to become of each entry: decided over the whole listing before a byte of content moves.
///
/// Ranges of file indices, because neighbours mostly share a fate; numbers only for names that were
/// found taken on this machine's own disk.
struct ListingDecisions: Equatable, Sendable {
    /// Entries that the user did not select, and directories that nothing selected lies in.
    var unselected = IntervalSet()
    /// Entries left out because their name is taken.
    var skipped = IntervalSet()
    /// Entries that an interrupted run placed.
    var placed = IntervalSet()
    /// Files that an interrupted run placed from older content.
    var outdated = IntervalSet()
    /// Entries that replace what is there.
    var overwriting = IntervalSet()
    /// The numbers in names, where there is one.
    var numbers: [FileIndex: UInt32] = [:]

    /// How `file` gets its name.
    func placement(of file: FileIndex) -> Placement {
        let replaces: Placement.Replacement =
            if overwriting.contains(file.rawValue) {
                .anythingAlike
            } else if outdated.contains(file.rawValue) {
                .ownOlderFile
            } else {
                .nothing
            }
        return Placement(number: numbers[file] ?? 0, replaces: replaces)
    }

    /// Why `file` is left out; nil where it is not.
    func reasonToSkip(_ file: FileIndex) -> SkipReason? {
        if unselected.contains(file.rawValue) { return .notSelected }
        return skipped.contains(file.rawValue) ? .exists : nil
    }

    /// Every entry that is left out.
    var leftOut: IntervalSet {
        var all = unselected
        for range in skipped.ranges { all.insert(range) }
        return all
    }
}

/// Which part of a listing a receiver takes.
///
/// An entry is taken if an include pattern fits it, or there is none, and no exclude pattern fits it.
/// The order of the patterns means nothing.
public struct EntrySelection: Hashable, Sendable {
    /// Patterns of what is taken; none takes everything.
    public var included: [GlobPattern]
    /// Patterns of what is left out all the same.
    public var excluded: [GlobPattern]

    /// Everything.
    public static let everything = EntrySelection()

    /// Makes a selection.
    public init(included: [GlobPattern] = [], excluded: [GlobPattern] = []) {
        self.included = included
        self.excluded = excluded
    }

    /// Whether every entry is taken.
    public var isEverything: Bool { included.isEmpty && excluded.isEmpty }

    /// Whether the file or link `entry` is taken. Directories follow what lies in them: with a
    /// selection, only those are made that something taken lies in.
    public func takes(_ entry: ListingEntry) -> Bool {
        let isDirectory = entry.entryKind == .directory
        func fits(_ pattern: GlobPattern) -> Bool {
            pattern.matches(entry.path, isDirectory: isDirectory)
        }
        return (included.isEmpty || included.contains(where: fits))
            && !excluded.contains(where: fits)
    }
}

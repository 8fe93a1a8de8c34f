/// Checks that entries come in order and that each one's parent is a directory that came before.
///
/// One path is all it remembers. In component order everything below a directory follows it without
/// a break, so when an entry arrives, its parent is either the entry just before, or a directory
/// above that one, which was checked when its own child came.
struct ListingOrder: Sendable {
    private var last: EntryPath?
    private var lastIsDirectory = false

    /// Takes the next entry.
    mutating func advance(to path: EntryPath, kind: EntryKind) throws(ListingViolation) {
        if let last, !(last < path) { throw .notAscending }
        if let parent = path.parent {
            guard let last else { throw .missingParent }
            if parent == last {
                guard lastIsDirectory else { throw .parentIsNoDirectory }
            } else if !last.isBelow(parent) {
                throw .missingParent
            }
        }
        last = path
        lastIsDirectory = kind == .directory
    }
}

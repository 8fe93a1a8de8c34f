import SealiftBase
import SealiftContent

extension FuzzTarget {
    /// A listing of a hostile sender, in chunks of any size.
    ///
    /// Chunks make no difference; what passes keeps every rule, adds up, and is written and read
    /// again as itself.
    static let listing = FuzzTarget(
        "listing", maximumLength: 4_096,
        seeds: {
            let listing = Array(SampleListing.bytes)
            return [[0] + listing, [200] + listing, [6] + listing.prefix(listing.count - 3)]
        }
    ) { input throws(BrokenRule) in
        let step = 1 + input.choice(128)
        let bytes = input.rest()
        let whole = read(bytes, by: max(1, bytes.count))
        let inParts = read(bytes, by: step)
        try demand(whole.entries == inParts.entries, "chunks make other entries")
        // A reader that waits for the rest of an entry may not look at what it has of it.
        let isEqual =
            whole.violation == inParts.violation
            || (whole.violation != nil && inParts.violation == .truncated)
        try demand(isEqual, "chunks make another verdict")
        try demand(whole.totals == inParts.totals, "chunks make other totals")
        var encoder = ListingEncoder()
        do throws(ListingViolation) {
            for entry in whole.entries { try encoder.append(entry) }
        } catch {
            throw BrokenRule(description: "what was read cannot be written: \(error)")
        }
        try demand(encoder.totals == whole.totals, "totals differ when written")
        let again = read(encoder.drain(), by: .max)
        try demand(
            again.violation == nil && again.entries == whole.entries,
            "a listing is not written as it was read")
    }

    private static func read(_ bytes: [UInt8], by step: Int) -> ListingReading {
        var reading = ListingReading()
        var decoder = ListingDecoder()
        var rest = bytes[...]
        do throws(ListingViolation) {
            repeat {
                decoder.feed(rest.prefix(step))
                rest = rest.dropFirst(step)
                while let entry = try decoder.next() { reading.entries.append(entry) }
            } while !rest.isEmpty
            try decoder.finish()
        } catch {
            reading.violation = error
        }
        reading.totals = decoder.totals
        return reading
    }

    /// One entry by itself, as a spool on our own disk holds it.
    static let listingEntry = FuzzTarget(
        "listing-entry", maximumLength: 4_096,
        seeds: { SampleListing.entries.map { SampleListing.encoded($0) } }
    ) { input throws(BrokenRule) in
        guard let entry = read(entry: input.rest()) else { return }
        let encoded = SampleListing.encoded(entry)
        try demand(read(entry: encoded) == entry, "an entry is not written as it was read")
        try demand(
            entry.pieceLayout.dataPieceCount <= entry.pieceLayout.pieceCount,
            "more data than pieces")
    }

    private static func read(entry bytes: [UInt8]) -> ListingEntry? {
        bytes.withUnsafeBytes { try? ListingEntry(encodedAlone: $0) }
    }
}

/// What a decoder made of some bytes.
private struct ListingReading {
    var entries: [ListingEntry] = []
    var violation: ListingViolation?
    var totals = ListingTotals()
}

/// A listing with one of everything.
enum SampleListing {
    static let entries: [ListingEntry] = [
        entry("tree", .directory), entry("tree/empty", .file(file(0))),
        entry("tree/holes", .file(file(9 << 20, holes: [2..<5, 7..<30]))),
        entry("tree/link", link("small", at: "tree/link")),
        entry("tree/small", .file(file(5, isExecutable: true))),
        entry("tree/two", .file(file(300_000))), entry("tree/zwei", .directory),
        entry("tree/zwei/\u{E9}", .file(file(1))),
    ].compactMap { $0 }

    /// The bytes of all entries.
    static let bytes: [UInt8] = {
        var encoder = ListingEncoder()
        for entry in entries { try? encoder.append(entry) }
        return encoder.drain()
    }()

    /// One entry's bytes, whatever its parents are.
    static func encoded(_ entry: ListingEntry) -> [UInt8] {
        var encoder = ListingEncoder()
        // Its parents stand before it, each as long as its path.
        var parents: [EntryPath] = []
        while let parent = (parents.last ?? entry.path).parent { parents.append(parent) }
        for parent in parents.reversed() {
            try? encoder.append(ListingEntry(path: parent, kind: .directory))
        }
        _ = encoder.drain()
        try? encoder.append(entry)
        return encoder.drain()
    }

    private static func entry(_ path: String, _ kind: ListingEntry.Kind?) -> ListingEntry? {
        guard let kind, let path = try? EntryPath(Array(path.utf8)) else { return nil }
        return ListingEntry(path: path, kind: kind)
    }

    private static func file(
        _ size: UInt64, isExecutable: Bool = false, holes: [Range<UInt64>] = []
    ) -> FileEntry {
        FileEntry(
            size: size, modificationTime: .epoch, isExecutable: isExecutable,
            holes: (try? HoleRuns(holes, size: size)) ?? .none)
    }

    private static func link(_ target: String, at path: String) -> ListingEntry.Kind? {
        guard let path = try? EntryPath(Array(path.utf8)),
            let target = try? LinkTarget(Array(target.utf8), at: path)
        else { return nil }
        return .symbolicLink(target)
    }
}

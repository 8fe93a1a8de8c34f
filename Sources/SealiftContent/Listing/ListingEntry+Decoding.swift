extension ListingEntry {
    /// Reads a single entry that this machine encoded itself, from its own bytes.
    ///
    /// Checks the entry's own rules, not its order or its parents: those are the
    /// ``ListingDecoder``'s, which reads a listing from its start.
    /// - Throws: ``ListingViolation``; ``ListingViolation/truncated`` also for bytes left over.
    public init(encodedAlone bytes: UnsafeRawBufferPointer) throws(ListingViolation) {
        var parser = ListingEntryParser(bytes)
        do {
            self = try parser.parse()
        } catch {
            switch error {
            case .needsMore: throw .truncated
            case .violated(let violation): throw violation
            }
        }
        guard parser.byteCount == bytes.count else { throw .truncated }
    }
}

import SealiftBase

/// Reads a listing that arrives in chunks of any size, and lets nothing pass that breaks a rule of
/// PROTOCOL §8.2.
///
/// Feed bytes, then take entries until there is none; at the end call ``finish()``. Between two
/// feeds that are drained it holds less than one entry (75 KB at most) and one path. The first
/// violation is final: every later call throws it again.
public struct ListingDecoder: Sendable {
    private var buffer: [UInt8] = []
    private var consumed = 0
    private var sawMagic = false
    private var leastByteCount = ListingFormat.minimumEntryByteCount
    private var order = ListingOrder()
    private var violation: ListingViolation?

    /// Bytes fed so far.
    public private(set) var byteCount: UInt64 = 0

    /// What the entries taken so far add up to.
    public private(set) var totals = ListingTotals()

    /// Makes a decoder that has seen nothing.
    public init() {}

    /// The index of the entry that ``next()`` gives next.
    public var nextIndex: FileIndex { FileIndex(totals.entries + 1) }

    /// Appends what has arrived.
    public mutating func feed(_ bytes: some Collection<UInt8>) {
        if consumed > 0 {
            buffer.removeFirst(consumed)
            consumed = 0
        }
        byteCount += UInt64(bytes.count)
        if byteCount > ListingFormat.maximumByteCount { violation = violation ?? .listingTooLong }
        if violation == nil { buffer.append(contentsOf: bytes) }
    }

    /// Takes the next entry; nil when more bytes are needed for it.
    /// - Throws: the first rule that the listing breaks.
    public mutating func next() throws(ListingViolation) -> ListingEntry? {
        if let violation { throw violation }
        do {
            return try takeEntry()
        } catch {
            violation = error
            buffer = []
            consumed = 0
            throw error
        }
    }

    /// Declares the end of the listing, once ``next()`` has given nil.
    /// - Throws: ``ListingViolation/truncated`` when it ends inside an entry, or the violation found
    ///   before.
    public mutating func finish() throws(ListingViolation) {
        if let violation { throw violation }
        guard sawMagic, consumed == buffer.count else {
            violation = .truncated
            throw .truncated
        }
    }

    private mutating func takeEntry() throws(ListingViolation) -> ListingEntry? {
        guard try takeMagic(), buffer.count - consumed >= leastByteCount else { return nil }
        let (result, byteCount) = buffer.withUnsafeBytes { bytes in
            var parser = ListingEntryParser(UnsafeRawBufferPointer(rebasing: bytes[consumed...]))
            do throws(ListingEntryParser.Stop) {
                return (
                    Result<_, ListingEntryParser.Stop>.success(try parser.parse()), parser.byteCount
                )
            } catch {
                return (.failure(error), 0)
            }
        }
        switch result {
        case .failure(.needsMore(let least)):
            leastByteCount = max(least, buffer.count - consumed + 1)
            return nil
        case .failure(.violated(let violation)):
            throw violation
        case .success(let entry):
            try order.advance(to: entry.path, kind: entry.entryKind)
            try totals.add(entry)
            consumed += byteCount
            leastByteCount = ListingFormat.minimumEntryByteCount
            return entry
        }
    }

    private mutating func takeMagic() throws(ListingViolation) -> Bool {
        if sawMagic { return true }
        guard ListingFormat.magic.starts(with: buffer.prefix(ListingFormat.magic.count)) else {
            throw .notAListing
        }
        guard buffer.count >= ListingFormat.magic.count else { return false }
        consumed = ListingFormat.magic.count
        sawMagic = true
        return true
    }
}

/// What a listing adds up to; the offer states the same numbers (PROTOCOL §7.1).
public struct ListingTotals: Hashable, Sendable {
    /// Most entries of a listing.
    public static let maximumEntries: UInt64 = 1 << 32
    /// Most bytes of all files together: what a variable-length integer holds.
    public static let maximumBytes: UInt64 = (1 << 62) - 1

    /// Entries of every kind.
    public private(set) var entries: UInt64
    /// Regular files, empty ones included.
    public private(set) var files: UInt64
    /// Bytes of all files.
    public private(set) var bytes: UInt64
    /// Bytes of all files less their holes: what may have to travel, and what the disk must hold.
    public private(set) var dataBytes: UInt64

    /// Puts stated totals together, as an offer carries them.
    public init(entries: UInt64 = 0, files: UInt64 = 0, bytes: UInt64 = 0, dataBytes: UInt64 = 0) {
        self.entries = entries
        self.files = files
        self.bytes = bytes
        self.dataBytes = dataBytes
    }

    /// Counts `entry` in.
    /// - Throws: ``ListingViolation/tooManyEntries`` or ``ListingViolation/tooManyBytes``, and
    ///   nothing was counted.
    public mutating func add(_ entry: ListingEntry) throws(ListingViolation) {
        guard entries < Self.maximumEntries else { throw .tooManyEntries }
        if let file = entry.file {
            // bytes ≤ 2^62 and a file ≤ 2^56: the sum cannot overflow.
            let (sum, overflow) = bytes.addingReportingOverflow(file.size)
            guard !overflow, sum <= Self.maximumBytes else { throw .tooManyBytes }
            bytes = sum
            dataBytes += file.pieceLayout.dataBytes
            files += 1
        }
        entries += 1
    }
}

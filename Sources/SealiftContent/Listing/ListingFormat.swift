import SealiftBase

/// Constants of the listing's bytes (PROTOCOL §8.2).
enum ListingFormat {
    /// The first bytes of every listing: sealift listing, version 1.
    static let magic = Array("SLL1".utf8)
    /// Most bytes of a listing.
    static let maximumByteCount: UInt64 = 1 << 40
    /// The flag of an executable file.
    static let executableFlag: UInt8 = 1
    /// The fewest bytes an entry takes: kind, flags, path length, one byte of path.
    static let minimumEntryByteCount = 4
    /// The fewest bytes a file takes behind its path: size, seconds, nanoseconds, hole count.
    static let minimumFileByteCount = 1 + 8 + 4 + 1
}

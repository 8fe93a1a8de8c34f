/// Why bytes on our own disk are not the record they should be.
public enum RecordViolation: Error, Hashable, Sendable {
    /// They begin with another mark, or end too early, or fail their checksum.
    case damaged
    /// They were written by a newer sealift, in this version of the format.
    case newerVersion(UInt8)
}

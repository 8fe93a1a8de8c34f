/// What an entry of a listing is; the number is the byte on the wire (PROTOCOL §8.2).
public enum EntryKind: UInt8, Hashable, Sendable, CaseIterable {
    /// A regular file.
    case file = 1
    /// A directory.
    case directory = 2
    /// A symbolic link.
    case symbolicLink = 3
}

/// The rule of PROTOCOL §8.2 that a listing breaks.
public enum ListingViolation: Error, Hashable, Sendable {
    /// It does not begin with `SLL1`.
    case notAListing
    /// An entry is neither file, directory nor link.
    case unknownKind(UInt8)
    /// A flag is set that has no meaning for this kind of entry.
    case unknownFlags(UInt8)
    /// A path is not allowed.
    case path(PathViolation)
    /// An entry does not come behind the one before it: wrong order, or a name twice.
    case notAscending
    /// The parent of an entry is not in the listing.
    case missingParent
    /// The parent of an entry is a file or a link.
    case parentIsNoDirectory
    /// A file is larger than 2^56 bytes.
    case fileTooLarge
    /// A time has 10^9 nanoseconds or more.
    case invalidTime
    /// A file's holes are not allowed.
    case holes(HoleViolation)
    /// A link's target is not allowed.
    case linkTarget(LinkTargetViolation)
    /// There are more than 2^32 entries.
    case tooManyEntries
    /// All files together have more than 2^62 − 1 bytes.
    case tooManyBytes
    /// The listing itself has more than 2^40 bytes.
    case listingTooLong
    /// It ends inside an entry.
    case truncated
}

extension ListingViolation: CustomStringConvertible {
    /// What is wrong, in words for a user.
    public var description: String {
        switch self {
        case .notAListing: "this is not a listing"
        case .unknownKind(let kind): "an entry is of the unknown kind \(kind)"
        case .unknownFlags(let flags): "an entry has the unknown flags \(flags)"
        case .path(let violation): violation.description
        case .notAscending: "the entries are out of order, or a name appears twice"
        case .missingParent: "the folder of an entry is missing"
        case .parentIsNoDirectory: "the folder of an entry is no folder"
        case .fileTooLarge: "a file is larger than 2^56 bytes"
        case .invalidTime: "a time is invalid"
        case .holes: "the holes of a file are invalid"
        case .linkTarget: "the target of a symbolic link is not allowed"
        case .tooManyEntries: "there are more than 2^32 entries"
        case .tooManyBytes: "the files are too large together"
        case .listingTooLong: "the listing is longer than 2^40 bytes"
        case .truncated: "the listing ends inside an entry"
        }
    }
}

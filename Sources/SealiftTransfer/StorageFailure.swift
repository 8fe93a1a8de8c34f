/// Why storage on this machine failed, in the terms that decide what the user can do about it.
public struct StorageFailure: Error, Equatable, Sendable {
    /// What kind of failure it is.
    public enum Kind: Equatable, Sendable {
        /// The volume or the quota is full.
        case full
        /// The user may not do this here, or the volume is read-only.
        case denied
        /// Something exists where a name was to appear.
        case exists
        /// Anything else the operating system reports.
        case other
    }

    /// What kind of failure it is.
    public var kind: Kind
    /// The operation, the place and the system's words, already printable.
    public var description: String

    /// Makes a failure.
    public init(kind: Kind, description: String) {
        self.kind = kind
        self.description = description
    }
}

public import SealiftBase

/// Which hash of a file is computed.
public enum HashAlgorithm: String, Sendable {
    /// The SHA-256 tree of `docs/PROTOCOL.md` §8.1: what a transfer proves.
    case tree
    /// Plain SHA-256 over the whole file, as `sha256sum` computes it.
    case sha256
}

/// What hashing files and folders comes to, one thing at a time.
public enum HashEvent: Equatable, Sendable {
    /// A file: its path as the user would name it, its length, and its hash. The tree root of an empty
    /// file is 64 zeros.
    case file(path: [UInt8], size: UInt64, hash: Hash256)
    /// A folder with everything in it: its path, and the manifest root (`docs/PROTOCOL.md` §8.3) that a
    /// transfer of just this folder arrives at.
    case directory(path: [UInt8], root: Hash256)
    /// Something was left out, as a transfer leaves it out.
    case warning(TransferWarning)
    /// Something could not be hashed; the rest goes on.
    case failed(path: [UInt8], reason: String)
}

/// Hashes what `paths` name, in their order, and tells `handle` of each file, and of each folder when
/// everything in it is hashed.
///
/// Folders are told only with ``HashAlgorithm/tree``, and only where nothing in them failed: a root that
/// leaves files out silently would match a transfer that did not.
/// - Returns: how many files or arguments could not be hashed; each was told.
/// - Throws: an error of usage for a path without a name, or that the user stopped it.
public func runHash(
    _ paths: [[UInt8]], algorithm: HashAlgorithm, cancellation: Cancellation,
    handle: (HashEvent) -> Void
) throws(SealiftError) -> Int {
    let hasher = FileHasher(algorithm: algorithm, cancellation: cancellation)
    var failures = 0
    for path in paths {
        var run = HashRun(argument: path, hasher: hasher)
        try run.run(handle)
        failures += run.failures
    }
    return failures
}

public import SealiftBase

/// What a tree on disk is, compared with the manifest of a transfer, one path at a time.
public enum VerificationFinding: Equatable, Sendable {
    /// It is what the manifest says.
    case matches
    /// It is in the manifest and not on the disk.
    case missing
    /// It is another than the manifest says, for the reason given.
    case changed(reason: String)
    /// It is on the disk and not in the manifest.
    case extra
}

/// What comparing a tree with a manifest came to.
public struct VerificationSummary: Equatable, Sendable {
    /// The manifest's root.
    public var root: Hash256
    /// Entries that are what the manifest says.
    public var matching: UInt64 = 0
    /// Entries that are not there.
    public var missing: UInt64 = 0
    /// Entries that are not what the manifest says.
    public var changed: UInt64 = 0
    /// What is there and not in the manifest.
    public var extra: UInt64 = 0

    /// Makes a summary; the counts are 0 unless given.
    public init(
        root: Hash256, matching: UInt64 = 0, missing: UInt64 = 0, changed: UInt64 = 0,
        extra: UInt64 = 0
    ) {
        self.root = root
        self.matching = matching
        self.missing = missing
        self.changed = changed
        self.extra = extra
    }

    /// How many paths differ.
    public var differences: UInt64 { missing + changed + extra }

    /// The exit status of a run that ended with this summary.
    public var exitStatus: ExitStatus { differences == 0 ? .success : .integrity }

    mutating func count(_ finding: VerificationFinding) {
        switch finding {
        case .matches: matching += 1
        case .missing: missing += 1
        case .changed: changed += 1
        case .extra: extra += 1
        }
    }
}

/// Compares what lies in `folder` with the manifest file `manifest` (`docs/PROTOCOL.md` §8.4), reading
/// and hashing every file, and tells `handle` of each path in the manifest's order.
///
/// Only what lies under the manifest's own top-level names is looked at: `folder` may hold more. The
/// manifest is checked against its own root first, so that a damaged one is found before the hashing.
/// - Throws: the manifest or the folder cannot be read, or the user stopped it.
public func runVerify(
    folder: [UInt8], manifest: [UInt8], cancellation: Cancellation,
    handle: ([UInt8], VerificationFinding) -> Void
) throws(SealiftError) -> VerificationSummary {
    var run = try VerifyRun(folder: folder, manifest: manifest, cancellation: cancellation)
    return try run.run(handle)
}

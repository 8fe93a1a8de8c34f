public import SealiftBase

/// What a finished transfer amounts to. Both ends arrive at the same root.
public struct TransferSummary: Equatable, Sendable {
    /// The manifest root over everything delivered (`docs/PROTOCOL.md` §8.3).
    public var root: Hash256
    /// Files delivered, of this run and of those before.
    public var files: UInt64
    /// The sizes of those files together.
    public var bytes: UInt64
    /// Bytes of content that crossed the network in this run.
    public var received: UInt64
    /// Bytes of content that were proven by an earlier run and were not sent again.
    public var reused: UInt64
    /// Bytes that had been proven before and were sent again all the same; 0 unless something is wrong.
    public var resentProven: UInt64
    /// Files that were left out on purpose; each was named in an event.
    public var skipped: UInt64
    /// Files that could not be delivered; each was named in an event.
    public var failed: UInt64
    /// Whether ``root`` covers every entry that was offered; else it covers the delivered ones.
    public var isWhole: Bool
    /// Whether the receiver read every file back from its disk before it confirmed.
    public var verifiedDisk: Bool

    /// Makes a summary.
    public init(
        root: Hash256, files: UInt64, bytes: UInt64, received: UInt64, reused: UInt64,
        resentProven: UInt64, skipped: UInt64, failed: UInt64, isWhole: Bool? = nil,
        verifiedDisk: Bool = false
    ) {
        self.root = root
        self.files = files
        self.bytes = bytes
        self.received = received
        self.reused = reused
        self.resentProven = resentProven
        self.skipped = skipped
        self.failed = failed
        self.isWhole = isWhole ?? (skipped == 0 && failed == 0)
        self.verifiedDisk = verifiedDisk
    }

    /// The exit status of a run that ended with this summary.
    public var exitStatus: ExitStatus { failed == 0 ? .success : .partial }
}

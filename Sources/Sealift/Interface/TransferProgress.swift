/// How far a transfer is. Sent about ten times a second while something moves.
public struct TransferProgress: Equatable, Sendable {
    /// What the transfer is doing.
    public enum Phase: String, Sendable {
        /// Bytes are moving.
        case transferring
        /// Everything is there; both ends finish hashing and compare.
        case verifying
    }

    /// What the transfer is doing.
    public var phase: Phase
    /// Bytes delivered and proven, of this run and of those before; holes count when they are passed.
    public var bytesDone: UInt64
    /// Bytes of all files.
    public var bytesTotal: UInt64
    /// Files delivered.
    public var filesDone: UInt64
    /// Files in all.
    public var filesTotal: UInt64
    /// The recent rate.
    public var bytesPerSecond: UInt64
    /// The time left at the recent rate, or nil while that is unknown.
    public var timeRemaining: Duration?
    /// The smoothed round-trip time, or nil before the first measurement.
    public var roundTripTime: Duration?
    /// The share of packets lost recently, 0 to 1.
    public var lossRatio: Double

    /// Makes a report; the rates are unknown unless given.
    public init(
        phase: Phase = .transferring, bytesDone: UInt64, bytesTotal: UInt64, filesDone: UInt64,
        filesTotal: UInt64, bytesPerSecond: UInt64 = 0, timeRemaining: Duration? = nil,
        roundTripTime: Duration? = nil, lossRatio: Double = 0
    ) {
        self.phase = phase
        self.bytesDone = bytesDone
        self.bytesTotal = bytesTotal
        self.filesDone = filesDone
        self.filesTotal = filesTotal
        self.bytesPerSecond = bytesPerSecond
        self.timeRemaining = timeRemaining
        self.roundTripTime = roundTripTime
        self.lossRatio = lossRatio
    }
}

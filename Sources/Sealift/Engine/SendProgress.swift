import SealiftBase
import SealiftContent
import SealiftTransfer
import SealiftTransport

/// How far a sender is, as it is told every tenth of a second.
struct SendProgress {
    private static let interval = Duration.milliseconds(100)

    private let totals: ListingTotals
    /// Files read to their end.
    private(set) var filesRead: UInt64 = 0
    /// When progress is told next.
    private(set) var nextReport = Instant.zero
    private var rate = RateMeter()

    init(of totals: ListingTotals) {
        self.totals = totals
    }

    /// A file was read to its end.
    mutating func fileRead() { filesRead += 1 }

    /// What to tell of `receivers` who are served and were sent so many content bytes together.
    mutating func transferring(
        sent: UInt64, receivers: Int, statistics: ConnectionStatistics?, now: Instant
    ) -> TransferProgress {
        nextReport = now + Self.interval
        rate.note(sent, now: now)
        let receivers = UInt64(receivers)
        let total = totals.bytes * receivers
        let isAll = sent == totals.dataBytes * receivers
        return progress(
            .transferring, done: isAll ? total : min(sent, total), files: filesRead,
            receivers: receivers, statistics)
    }

    /// What to tell when a receiver confirmed the whole.
    func confirmed(
        _ completion: Completion, statistics: ConnectionStatistics?
    ) -> TransferProgress {
        progress(
            .verifying, done: completion.bytes, files: completion.files, receivers: 1, statistics)
    }

    private func progress(
        _ phase: TransferProgress.Phase, done: UInt64, files: UInt64, receivers: UInt64,
        _ statistics: ConnectionStatistics?
    ) -> TransferProgress {
        let toSend = totals.dataBytes * receivers
        return TransferProgress(
            phase: phase, bytesDone: done, bytesTotal: totals.bytes * receivers,
            filesDone: files, filesTotal: totals.files * receivers,
            bytesPerSecond: rate.bytesPerSecond,
            timeRemaining: rate.timeRemaining(for: toSend - min(toSend, done)),
            roundTripTime: statistics?.smoothedRTT, lossRatio: statistics?.lossRatio ?? 0)
    }
}

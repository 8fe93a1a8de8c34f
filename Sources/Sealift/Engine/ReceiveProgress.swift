import SealiftBase
import SealiftContent
import SealiftTransfer
import SealiftTransport

/// What a receiver got in all sessions of a run, and how far that is.
struct ReceiveProgress {
    /// Bytes that sessions before the current one received.
    private var receivedBefore: UInt64 = 0
    /// Bytes that they received although they had been proven.
    private var resentBefore: UInt64 = 0
    private var rate = RateMeter()

    /// A session that counted until now gives way to another.
    mutating func handOver(_ tally: ReceiverSession.Tally) {
        receivedBefore += tally.receivedBytes
        resentBefore += tally.resentProvenBytes
    }

    /// Content bytes received, in all sessions.
    func received(_ tally: ReceiverSession.Tally) -> UInt64 {
        receivedBefore + tally.receivedBytes
    }

    /// Content bytes received although they had been proven, in all sessions.
    func resent(_ tally: ReceiverSession.Tally) -> UInt64 {
        resentBefore + tally.resentProvenBytes
    }

    /// Content bytes that were there before this run. What an earlier session of it received
    /// counts as received.
    func reused(_ tally: ReceiverSession.Tally) -> UInt64 {
        tally.reusedBytes - min(tally.reusedBytes, receivedBefore)
    }

    /// What to tell at `now`, of a session that counted `tally`.
    mutating func report(
        _ phase: TransferProgress.Phase, of totals: ListingTotals, _ tally: ReceiverSession.Tally,
        statistics: ConnectionStatistics?, now: Instant
    ) -> TransferProgress {
        rate.note(received(tally), now: now)
        let holes = totals.bytes - totals.dataBytes
        let done = tally.receivedBytes + tally.reusedBytes
        return TransferProgress(
            phase: phase, bytesDone: done == totals.dataBytes ? totals.bytes : done,
            bytesTotal: totals.bytes, filesDone: tally.filesDelivered,
            filesTotal: totals.files, bytesPerSecond: rate.bytesPerSecond,
            timeRemaining: rate.timeRemaining(
                for: totals.bytes - min(totals.bytes, holes + done)),
            roundTripTime: statistics?.smoothedRTT, lossRatio: statistics?.lossRatio ?? 0)
    }
}

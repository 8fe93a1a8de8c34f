import SealiftBase

/// Notices that a gateway lost its mappings, by the clock that it tells with each answer
/// (RFC 6887 §8.5, RFC 6886 §3.6).
struct GatewayEpoch: Sendable {
    private var latest: (epoch: UInt32, at: Instant)?

    /// Takes note of the gateway's clock.
    /// - Returns: whether the gateway must have started anew since it was heard before.
    mutating func isReset(byHearing epoch: UInt32, now: Instant) -> Bool {
        defer { latest = (epoch, now) }
        guard let latest else { return false }
        let theirs = Int64(epoch) - Int64(latest.epoch)
        // A little backwards is reordering.
        guard theirs >= -1 else { return true }
        let ours = (now - latest.at).nanoseconds / 1_000_000_000
        return ours + 2 < theirs - theirs / 16 || theirs + 2 < ours - ours / 16
    }
}

/// Finds the end of slow start from growing round-trip times, before the queue overflows:
/// HyStart++ (RFC 9406). Nanoseconds throughout.
struct HybridSlowStart {
    /// RFC 9406 §4.3.
    static let minimumThreshold: Int64 = 4_000_000
    static let maximumThreshold: Int64 = 16_000_000
    static let samplesPerRound = 8
    static let growthDivisor = 4
    static let conservativeRounds = 5

    private var roundEnd: UInt64 = 0
    private var lastRoundMinimum = Int64.max
    private var currentRoundMinimum = Int64.max
    private var samples = 0
    /// The round-trip time at which conservative slow start began; nil in plain slow start.
    private var baseline: Int64?
    private var conservativeRoundsLeft = 0
    private var largestSent: UInt64 = 0

    /// Whether the window grows at a quarter of slow start's pace.
    var isConservative: Bool { baseline != nil }

    /// A packet left.
    mutating func packetSent(number: UInt64) {
        largestSent = number
    }

    /// Takes in an ACK.
    /// - Returns: whether slow start is over.
    mutating func acknowledged(largest: UInt64, sample: Int64?) -> Bool {
        if let sample {
            currentRoundMinimum = min(currentRoundMinimum, sample)
            samples += 1
            if samples >= Self.samplesPerRound { judge() }
        }
        guard largest >= roundEnd else { return false }
        // The round's last packet is acknowledged: the next begins.
        roundEnd = largestSent + 1
        lastRoundMinimum = currentRoundMinimum
        currentRoundMinimum = .max
        samples = 0
        guard isConservative else { return false }
        conservativeRoundsLeft -= 1
        return conservativeRoundsLeft <= 0
    }

    private mutating func judge() {
        guard currentRoundMinimum != .max else { return }
        if let baseline {
            // The delay fell again: it was noise, back to plain slow start.
            if currentRoundMinimum < baseline { self.baseline = nil }
            return
        }
        guard lastRoundMinimum != .max else { return }
        let threshold = min(max(lastRoundMinimum / 8, Self.minimumThreshold), Self.maximumThreshold)
        if currentRoundMinimum >= lastRoundMinimum + threshold {
            baseline = currentRoundMinimum
            conservativeRoundsLeft = Self.conservativeRounds
        }
    }
}

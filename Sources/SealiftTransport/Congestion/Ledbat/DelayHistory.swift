/// The least round-trip time of each of the last ten minutes (RFC 6817: BASE_HISTORY).
struct BaseDelayHistory {
    private static let minute: Int64 = 60_000_000_000
    private var minutes = InlineArray<10, Int64>(repeating: .max)
    private var index = 0
    private var minuteStart: Int64?

    /// The least of all; nil before the first sample.
    private(set) var minimum: Int64?

    /// Takes in a sample, in nanoseconds.
    mutating func update(_ sample: Int64, now: Int64) {
        guard let start = minuteStart, now - start < Self.minute else {
            if minuteStart != nil { index = (index + 1) % minutes.count }
            minuteStart = now
            minutes[index] = sample
            recompute()
            return
        }
        minutes[index] = min(minutes[index], sample)
        minimum = min(minimum ?? sample, sample)
    }

    private mutating func recompute() {
        var least = Int64.max
        for position in minutes.indices { least = min(least, minutes[position]) }
        minimum = least
    }
}

/// The least of the last four samples: one late ACK is no queue (RFC 6817: CURRENT_FILTER).
struct RecentMinimum {
    private var samples = InlineArray<4, Int64>(repeating: .max)
    private var index = 0

    /// The least; nil before the first sample.
    var minimum: Int64? {
        var least = Int64.max
        for position in samples.indices { least = min(least, samples[position]) }
        return least == .max ? nil : least
    }

    /// Takes in a sample, in nanoseconds.
    mutating func update(_ sample: Int64) {
        samples[index] = sample
        index = (index + 1) % samples.count
    }
}

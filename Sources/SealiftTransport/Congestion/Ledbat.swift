/// LEDBAT++ (draft-irtf-iccrg-ledbat-plus-plus): sends in the background. It takes delay for the sign
/// that others want the link, and leaves it to them. Windows in bytes, times in nanoseconds.
struct Ledbat: CongestionController {
    /// The queueing delay it aims at: at most 60 ms, and half of the base delay, so that a queue of
    /// less than 60 ms, which 60 ms would only ever find by overflowing it, is still left to others.
    static let targetRange = 5_000_000.0...60_000_000.0
    static let initialWindowPackets = 2
    static let minimumWindowPackets = 2.0
    /// The share of the target at which slow start ends (§4.3).
    static let slowStartExit = 0.75
    /// A slowdown is followed by nine times its length without one (§4.4).
    static let slowdownSpacing: Int64 = 9

    private var segment: Double
    private var window: Double
    private var slowStartThreshold = Double.infinity
    private var isInSlowStart = true
    private var baseDelay = BaseDelayHistory()
    private var smoothedRTT: Int64?
    private var currentDelay = RecentMinimum()
    private var slowdown = Slowdown.none
    private var isFirstSlowStart = true
    private var recoveryStart: Int64?
    private(set) var reductions: UInt64 = 0

    private enum Slowdown: Equatable {
        /// Not before the first slow start is over.
        case none
        case waiting(until: Int64)
        /// The window is at its minimum.
        case holding(since: Int64, until: Int64)
        /// Slow start back to the threshold.
        case recovering(since: Int64)
    }

    /// Starts in slow start with two datagrams.
    init(datagramSize: Int) {
        segment = Double(datagramSize)
        window = Double(Self.initialWindowPackets * datagramSize)
    }

    var congestionWindow: Int { Int(min(window, 1e15)) }

    private var minimumWindow: Double { Self.minimumWindowPackets * segment }

    var pacingRate: Double? {
        guard let smoothedRTT else { return nil }
        return (isInSlowStart ? 2 : 1.2) * window * 1e9 / Double(max(smoothedRTT, 1000))
    }

    /// §4.2: the longer the base delay, the faster, up to once per window as Reno.
    private var target: Double {
        let base = Double(baseDelay.minimum ?? 0)
        return min(max(base / 2, Self.targetRange.lowerBound), Self.targetRange.upperBound)
    }

    private var gain: Double {
        let base = Double(max(baseDelay.minimum ?? 1, 1))
        return 1 / min(16, (2 * Self.targetRange.upperBound / base).rounded(.up))
    }

    mutating func acknowledged(_ event: AcknowledgementEvent) {
        smoothedRTT = event.rtt.smoothed
        if event.hasRTTSample {
            baseDelay.update(event.rtt.latest, now: event.now)
            currentDelay.update(event.rtt.latest)
        }
        guard let base = baseDelay.minimum, let current = currentDelay.minimum else { return }
        let queueing = Double(max(0, current - base))
        moveSlowdown(event)
        if case .holding = slowdown { return }
        guard !event.isApplicationLimited else { return }
        if let recoveryStart, event.largestSentAt <= recoveryStart { return }
        let acknowledged = Double(event.bytes)
        if isInSlowStart {
            window = min(window + acknowledged * gain, slowStartThreshold)
            let exceedsDelay = isFirstSlowStart && queueing > Self.slowStartExit * target
            if exceedsDelay || window >= slowStartThreshold {
                endSlowStart(now: event.now, roundTrip: event.rtt.smoothed)
            }
        } else {
            let share = acknowledged / window
            if queueing <= target {
                window += gain * segment * share
            } else {
                // §4.2: per round trip GAIN - Constant * window * (delay / target - 1), at most half.
                let change = gain * segment - window * (queueing / target - 1)
                window += max(change, -window / 2) * share
            }
            window = max(window, minimumWindow)
        }
    }

    /// Schedules the next slowdown: two round trips after the first slow start, and later nine times
    /// as long as the last slowdown took.
    private mutating func endSlowStart(now: Int64, roundTrip: Int64) {
        isInSlowStart = false
        if isFirstSlowStart {
            isFirstSlowStart = false
            slowdown = .waiting(until: now + 2 * roundTrip)
        } else if case .recovering(let since) = slowdown {
            slowdown = .waiting(until: now + Self.slowdownSpacing * (now - since))
        }
    }

    /// §4.4: now and then the window goes to its minimum for two round trips, so that the queue
    /// empties and the base delay is seen, however many LEDBAT++ flows share the link.
    private mutating func moveSlowdown(_ event: AcknowledgementEvent) {
        switch slowdown {
        case .none, .recovering: break
        case .waiting(let until):
            guard event.now >= until else { return }
            slowStartThreshold = max(window, 2 * minimumWindow)
            window = minimumWindow
            isInSlowStart = true
            slowdown = .holding(since: event.now, until: event.now + 2 * event.rtt.smoothed)
        case .holding(let since, let until):
            if event.now >= until { slowdown = .recovering(since: since) }
        }
    }

    mutating func lost(_ event: LossEvent) {
        if let recoveryStart, event.newestSentAt <= recoveryStart { return }
        halve(now: event.now)
    }

    mutating func congestionExperienced(sentAt: Int64, now: Int64) {
        if let recoveryStart, sentAt <= recoveryStart { return }
        halve(now: now)
    }

    private mutating func halve(now: Int64) {
        recoveryStart = now
        reductions += 1
        window = max(window / 2, minimumWindow)
        slowStartThreshold = window
        if case .holding = slowdown { return }
        if isInSlowStart { endSlowStart(now: now, roundTrip: smoothedRTT ?? 0) }
    }

    mutating func lossesWereSpurious(packets: Int, newestSentAt: Int64) {}

    mutating func persistentCongestion(now: Int64) {
        window = minimumWindow
        recoveryStart = nil
    }

    mutating func datagramSizeChanged(to size: Int) {
        segment = Double(size)
        window = max(window, minimumWindow)
    }
}

/// The least round-trip time of each of the last ten minutes (RFC 6817 §3.4.2 BASE_HISTORY).
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

/// The least of the last four samples: one late ACK is no queue (RFC 6817 §3.4.2 CURRENT_FILTER).
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

/// LEDBAT++ (draft-irtf-iccrg-ledbat-plus-plus): sends in the background. It takes delay for the sign
/// that others want the link, and leaves it to them. Windows in bytes, times in nanoseconds.
struct Ledbat: CongestionController {
    /// The queueing delay it aims at. The draft has 60 ms; here it is at most half of the base delay,
    /// and at least 5 ms: or a queue shorter than 60 ms would only be noticed when it overflows, and
    /// nothing left to others.
    static let targetRange = 5_000_000.0...60_000_000.0
    static let initialWindowPackets = 2
    static let minimumWindowPackets = 2.0
    /// The share of the target at which slow start ends.
    static let slowStartExit = 0.75
    /// A slowdown is followed by nine times its length without one.
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

    private var target: Double {
        let base = Double(baseDelay.minimum ?? 0)
        return min(max(base / 2, Self.targetRange.lowerBound), Self.targetRange.upperBound)
    }

    /// GAIN: a sixteenth of Reno's pace on a short path, which would else be filled fastest, up to
    /// Reno's at 120 ms.
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
                // Per round trip GAIN - Constant * window * (delay / target - 1), at most half.
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

    /// Now and then the window goes to its minimum for two round trips, so that the queue
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

import SealiftBase

/// CUBIC (RFC 9438) with HyStart++ (RFC 9406). Windows in bytes.
///
/// One reduction per recovery episode: losses of packets sent before the episode began belong to it.
struct Cubic: CongestionController {
    /// RFC 9438 §4.6, §5.1.
    static let multiplicativeDecrease = 0.7
    static let scale = 0.4
    /// RFC 9002 §7.2.
    static let initialWindowPackets = 10
    static let minimumWindowPackets = 2.0

    private var segment: Double
    private var window: Double
    private var slowStartThreshold = Double.infinity
    private var slowStart = HybridSlowStart()
    private var smoothedRTT: Int64?

    // The growth curve of the present epoch (RFC 9438 §4.1).
    private var maximumWindow = 0.0
    private var priorWindow = 0.0
    private var epochStart: Int64?
    private var epochWindow = 0.0
    private var timeToMaximum = 0.0
    private var renoWindow = 0.0
    private var lastGrowthAt: Int64 = 0

    /// Packets sent up to here belong to the latest recovery episode; nil before the first.
    private var recoveryStart: Int64?
    /// What to return to if every loss of the episode turns out spurious (RFC 9438 §4.9).
    private var undo: Undo?
    private(set) var reductions: UInt64 = 0

    private struct Undo {
        var window: Double
        var slowStartThreshold: Double
        var maximumWindow: Double
        var priorWindow: Double
        var losses: Int
    }

    /// Starts in slow start with ten datagrams.
    init(datagramSize: Int) {
        segment = Double(datagramSize)
        window = Double(Self.initialWindowPackets * datagramSize)
    }

    var congestionWindow: Int { Int(window) }

    private var isInSlowStart: Bool { window < slowStartThreshold }

    /// The window per smoothed round trip, and some more, so that pacing never holds the window
    /// back: twice in slow start, which doubles in a round, 1.2 later (as Linux does).
    var pacingRate: Double? {
        guard let smoothedRTT else { return nil }
        let gain = isInSlowStart ? 2.0 : 1.2
        return gain * window * 1e9 / Double(max(smoothedRTT, 1000))
    }

    mutating func packetSent(_ event: DepartureEvent) {
        slowStart.packetSent(number: event.number)
    }

    mutating func acknowledged(_ event: AcknowledgementEvent) {
        smoothedRTT = event.rtt.smoothed
        if let recoveryStart, event.largestSentAt <= recoveryStart { return }
        if isInSlowStart {
            let isOver = slowStart.acknowledged(
                largest: event.largest, sample: event.hasRTTSample ? event.rtt.latest : nil)
            guard !event.isApplicationLimited else { return }
            let divisor = slowStart.isConservative ? HybridSlowStart.growthDivisor : 1
            window += Double(event.bytes / divisor)
            if isOver { slowStartThreshold = window }
        } else {
            grow(event)
        }
    }

    /// Congestion avoidance (RFC 9438 §4.2–4.5).
    private mutating func grow(_ event: AcknowledgementEvent) {
        guard !event.isApplicationLimited else {
            // Time without data to send must not count as time to grow (RFC 9438 §5.8).
            if let start = epochStart {
                epochStart = start + max(0, event.now - max(lastGrowthAt, start))
            }
            lastGrowthAt = event.now
            return
        }
        lastGrowthAt = event.now
        if epochStart == nil { beginEpoch(now: event.now) }
        let elapsed = Double(event.now - (epochStart ?? event.now)) / 1e9
        let roundTrip = Double(event.rtt.smoothed) / 1e9
        let acknowledged = Double(event.bytes)
        let target = min(max(curve(elapsed + roundTrip), window), 1.5 * window)
        let decrease = Self.multiplicativeDecrease
        let slope = renoWindow < priorWindow ? 3 * (1 - decrease) / (1 + decrease) : 1
        renoWindow += slope * acknowledged / window * segment
        if curve(elapsed) < renoWindow {
            window = max(window, renoWindow)
        } else {
            window += (target - window) / window * acknowledged
        }
    }

    private mutating func beginEpoch(now: Int64) {
        epochStart = now
        renoWindow = window
        if window < maximumWindow {
            timeToMaximum = cubeRoot((maximumWindow - window) / segment / Self.scale)
        } else {
            timeToMaximum = 0
            maximumWindow = window
        }
    }

    private func curve(_ time: Double) -> Double {
        let distance = time - timeToMaximum
        return Self.scale * distance * distance * distance * segment + maximumWindow
    }

    mutating func lost(_ event: LossEvent) {
        if let recoveryStart, event.newestSentAt <= recoveryStart {
            undo?.losses += event.packets
            return
        }
        let before = Undo(
            window: window, slowStartThreshold: slowStartThreshold, maximumWindow: maximumWindow,
            priorWindow: priorWindow, losses: event.packets)
        reduce(now: event.now)
        undo = before
    }

    mutating func congestionExperienced(sentAt: Int64, now: Int64) {
        if let recoveryStart, sentAt <= recoveryStart { return }
        reduce(now: now)
        undo = nil
    }

    /// RFC 9438 §4.6, §4.7.
    private mutating func reduce(now: Int64) {
        recoveryStart = now
        epochStart = nil
        reductions += 1
        priorWindow = window
        // Fast convergence: a window below the last maximum leaves room for a new flow.
        maximumWindow =
            window < maximumWindow ? window * (1 + Self.multiplicativeDecrease) / 2 : window
        window = max(
            window * Self.multiplicativeDecrease, Self.minimumWindowPackets * segment)
        slowStartThreshold = window
    }

    mutating func lossesWereSpurious(packets: Int, newestSentAt: Int64) {
        guard var state = undo, let recoveryStart, newestSentAt <= recoveryStart else { return }
        state.losses -= packets
        undo = state
        guard state.losses <= 0 else { return }
        window = max(window, state.window)
        slowStartThreshold = state.slowStartThreshold
        maximumWindow = state.maximumWindow
        priorWindow = state.priorWindow
        epochStart = nil
        undo = nil
    }

    mutating func persistentCongestion(now: Int64) {
        window = Self.minimumWindowPackets * segment
        epochStart = nil
        recoveryStart = nil
        undo = nil
        slowStart = HybridSlowStart()
    }

    mutating func datagramSizeChanged(to size: Int) {
        segment = Double(size)
        window = max(window, Self.minimumWindowPackets * segment)
    }

    /// Newton's method; the cores import no C library.
    private func cubeRoot(_ value: Double) -> Double {
        guard value > 0 else { return 0 }
        // A third of the exponent is within a factor of two of the root.
        var root = Double(
            sign: .plus, exponent: Int((Double(value.exponent) / 3).rounded()), significand: 1)
        for _ in 0..<8 { root -= (root * root * root - value) / (3 * root * root) }
        return root
    }
}

import SealiftBase

/// BBRv3 (draft-ietf-ccwg-bbr-06): models the rate and the round-trip time of the path, and sends
/// what keeps it full and its queue short. The names of the draft stand beside the fields.
///
/// Where it differs from the draft, and why, is in `docs/decisions/0006`; each place says so:
/// ``MinimumRoundTrip``, ``LossRound``, ``adaptShortTermModel()``, ``exceedsTolerance(lost:of:)``.
struct Bbr: CongestionController {
    /// BBR.state.
    enum Phase: Equatable {
        case startup, drain, probeDown, probeCruise, probeRefill, probeUp, probeRoundTrip
    }

    /// §2.5, §2.6, §2.8.
    static let startupPacingGain = 2.77
    static let pacingMargin = 0.99
    /// §5.6.1: the pacing gain of ProbeBW_DOWN.
    static let slowestGain = 0.9
    /// §5.6.1: the pacing gain of ProbeBW_UP.
    static let upGain = 1.25
    static let multiplicativeDecrease = 0.7
    static let headroom = 0.15
    static let minimumWindowPackets = 4.0
    static let startupLossRuns = 6
    /// §2.16.2: BBR.ProbeRTTDuration.
    static let roundTripProbeTime: Int64 = 200_000_000
    /// RFC 9002 §7.2: ten datagrams, and where they are large, no more than 14,720 bytes or two of them.
    /// A larger one takes from others (`docs/decisions/0008-a-quick-start.md`).
    static func initialWindow(datagramSize: Int) -> Double {
        Double(min(10 * datagramSize, max(14_720, 2 * datagramSize)))
    }

    /// BBR.LossThresh.
    let lossTolerance: Double
    /// C.InitialCwnd, in bytes.
    private(set) var initialWindow: Double
    var generator: SeededGenerator
    /// C.SMSS, in bytes.
    var segment: Double

    // What it decides.
    /// C.cwnd, in bytes.
    var window: Double
    /// C.pacing_rate, in bytes per second.
    var rate: Double
    var phase = Phase.startup
    private(set) var reductions: UInt64 = 0

    // What it knows of the connection.
    /// C.delivered.
    var delivered: UInt64 = 0
    /// C.inflight.
    var bytesInFlight = 0.0
    /// The time of the event under way.
    var now: Int64 = 0
    var rounds = RoundCounter()
    /// Whether the window was used up in this round, and in the last: C.is_cwnd_limited is either.
    private var windowWasUsed = (now: false, before: false)

    // What it believes of the path.
    /// BBR.max_bw.
    var filter = BandwidthFilter()
    /// BBR.bw, in bytes per second.
    var bandwidth = 0.0
    var roundTrip = MinimumRoundTrip()
    var aggregation = AckAggregation()
    var pipe = FullPipeDetector()
    /// BBR.inflight_longterm, in bytes.
    var longTermInflight = Double.infinity
    /// BBR.bw_shortterm and BBR.inflight_shortterm.
    var shortTermBandwidth = Double.infinity
    var shortTermInflight = Double.infinity

    // The signals of the latest round (§2.10).
    /// BBR.bw_latest and BBR.inflight_latest.
    var latestBandwidth = 0.0
    var latestInflight = 0.0
    /// Whether a round-trip time of this round was near the minimum.
    var queueWasEmpty = false
    /// Whether a sample of this round shows what the path carries, and not only what the sender let out.
    var pathWasTried = false
    var naturalLoss = NaturalLoss()
    /// The round of losses under way; nil: BBR.is_loss_in_round is false.
    var lossRound: LossRound?
    /// A congestion mark was reported in this round.
    var roundIsMarked = false
    /// BBR.loss_round_delivered, and whether the ACK under way ended that round.
    var lossRoundEnd: UInt64 = 0
    var isLossRoundStart = false

    // Its doings.
    var cycle = ProbeCycle()
    /// BBR.drain_start_round.
    var drainStart: UInt64 = 0
    /// BBR.idle_restart.
    var isRestarting = false
    /// BBR.probe_rtt_done_stamp, 0 while unset, and BBR.probe_rtt_round_done.
    var roundTripProbeEnd: Int64 = 0
    var roundTripProbeRoundIsOver = false
    /// BBR.prior_cwnd.
    var priorWindow = 0.0
    /// Packets sent up to here belong to the present recovery; nil outside of one.
    var recoveryStart: Int64?
    /// Whether the window was cut to its minimum for persistent congestion.
    var isAfterPersistentCongestion = false
    var undo = BbrUndo()

    /// Starts in start-up with ten datagrams.
    init(datagramSize: Int, lossTolerance: Double, seed: UInt64) {
        self.lossTolerance = min(max(lossTolerance, 0.001), 0.5)
        generator = SeededGenerator(seed: seed ^ 0x4242_5276_335F_6363)
        segment = Double(datagramSize)
        initialWindow = Self.initialWindow(datagramSize: datagramSize)
        window = initialWindow
        // §5.6.2: as if a round trip took 1 ms, until one is known.
        rate = Self.startupPacingGain * initialWindow * 1000
    }

    var congestionWindow: Int { Int(min(window, 1e15)) }
    var pacingRate: Double? { rate }
    var holdsRateDown: Bool { phase == .probeRoundTrip }
    var isStartingUp: Bool { phase == .startup }

    /// C.is_cwnd_limited.
    var usesWindow: Bool { windowWasUsed.now || windowWasUsed.before }
    var minimumWindow: Double { Self.minimumWindowPackets * segment }
    /// IsInAProbeBWState.
    var isInCycle: Bool {
        switch phase {
        case .probeDown, .probeCruise, .probeRefill, .probeUp: true
        case .startup, .drain, .probeRoundTrip: false
        }
    }

    // MARK: Events

    mutating func packetSent(_ event: DepartureEvent) {
        now = event.now
        if event.bytesInFlight == event.bytes, event.followsApplicationLimit {
            restartFromIdle()
        }
        bytesInFlight = Double(event.bytesInFlight)
        if bytesInFlight + segment > window { windowWasUsed.now = true }
    }

    /// §5.4.1: HandleRestartFromIdle.
    private mutating func restartFromIdle() {
        isRestarting = true
        aggregation.restart(now: now)
        if isInCycle {
            setRate(gain: 1)
        } else if phase == .probeRoundTrip {
            finishRoundTripProbeIfDue()
        }
    }

    /// §5.2.3: UpdateOnACK.
    mutating func acknowledged(_ event: AcknowledgementEvent) {
        guard let sample = event.sample else { return }
        now = event.now
        delivered = sample.totalDelivered
        bytesInFlight = Double(event.bytesInFlight)
        leaveRecovery(event)
        startFromFirstRoundTrip(sample)

        takeLatestSignals(sample)
        rounds.acknowledged(
            priorDelivered: sample.priorDelivered, delivered: sample.totalDelivered)
        if rounds.isStart {
            cycle.rounds += 1
            naturalLoss.roundEnded(delivered: delivered, isCruise: phase == .probeCruise)
            windowWasUsed = (now: false, before: windowWasUsed.now)
        }
        filter.update(
            sample.bytesPerSecond, isApplicationLimited: sample.isApplicationLimited)
        let endedLosses = endLossRound()
        aggregation.acknowledged(
            Double(sample.newlyDelivered), bandwidth: bandwidth, window: window,
            round: rounds.count, isStartup: !pipe.wasReached, now: now)
        if rounds.isStart, !sample.isApplicationLimited {
            pipe.roundEnded(rate: sample.bytesPerSecond)
        }
        leaveStartupIfDone(endedLosses)
        leaveDrainIfDone()
        moveCycle(sample)
        roundTrip.update(sample.roundTrip, now: now)
        probeRoundTripIfDue(sample)
        if isLossRoundStart {
            latestBandwidth = sample.bytesPerSecond
            latestInflight = Double(sample.delivered)
            queueWasEmpty = false
            pathWasTried = !sample.isApplicationLimited
        }
        bandwidth = min(filter.maximum, shortTermBandwidth)
        setRate(gain: pacingGain)
        setWindow(acknowledged: Double(sample.newlyDelivered))
    }

    mutating func datagramSizeChanged(to size: Int) {
        segment = Double(size)
        if phase == .startup, reductions == 0, Double(delivered) < initialWindow {
            // RFC 9002 §7.2: the initial window is calculated anew. The listing's first datagram brings
            // the larger size, just before the content.
            initialWindow = max(initialWindow, Self.initialWindow(datagramSize: size))
            window = max(window, initialWindow)
            if let minimum = roundTrip.minimum { rate = max(rate, initialRate(roundTrip: minimum)) }
        }
        window = max(window, minimumWindow)
    }

    /// §5.6.2: the initial rate once a round trip is known.
    private mutating func startFromFirstRoundTrip(_ sample: RateSample) {
        guard roundTrip.minimum == nil else { return }
        rate = initialRate(roundTrip: sample.roundTrip)
    }

    private func initialRate(roundTrip: Int64) -> Double {
        Self.startupPacingGain * initialWindow * 1e9 / Double(max(roundTrip, 1000))
    }

    mutating func countReduction() { reductions += 1 }

    // MARK: Start-up and drain

    /// §5.3.1.3, §5.3.1.1: CheckStartupHighLoss, CheckStartupDone.
    private mutating func leaveStartupIfDone(_ losses: LossRound?) {
        guard phase == .startup else { return }
        if let losses, losses.runs >= Self.startupLossRuns,
            losses.exceeds(lossTolerance, delivered: delivered, segment: segment)
        {
            undo.phase = .startup
            pipe.wasReached = true
            longTermInflight = max(bandwidthDelayProduct(1), latestInflight)
            countReduction()
        }
        guard pipe.wasReached else { return }
        phase = .drain
        drainStart = rounds.count
    }

    /// §5.3.2: CheckDrainDone.
    private mutating func leaveDrainIfDone() {
        guard phase == .drain,
            bytesInFlight <= inflight(1) || rounds.count > drainStart + 3
        else { return }
        goDown()
    }
}

/// What BBR returns to if a recovery turns out to have been spurious
/// (draft-ietf-ccwg-bbr-06 §2.15).
struct BbrUndo: Equatable {
    /// The phase that the losses ended; nil if none.
    var phase: Bbr.Phase?
    var shortTermBandwidth = 0.0
    var shortTermInflight = 0.0
    var longTermInflight = 0.0
    /// Packets of the episode that are lost as far as is known, and when the first of them left.
    var losses = 0
    var firstSentAt = Int64.max
}

/// The search for bandwidth: down, cruise, refill, up (draft-ietf-ccwg-bbr-06 §5.3.3).
extension Bbr {
    /// The most rounds between two probes (§5.3.3.8.3).
    static let longestRounds = 63.0

    // MARK: Entering the phases

    /// StartProbeBW_DOWN.
    mutating func goDown() {
        resetSignals()
        cycle.begin(now: now, using: &generator)
        rounds.restart(delivered: delivered)
        phase = .probeDown
    }

    /// StartProbeBW_REFILL.
    mutating func refill() {
        resetShortTermModel()
        cycle.growthRounds = 0
        cycle.acknowledged = 0
        cycle.wasPrecautionary = false
        cycle.feedback = .refilling
        rounds.restart(delivered: delivered)
        phase = .probeRefill
    }

    /// StartProbeBW_UP.
    private mutating func goUp(_ sample: RateSample) {
        cycle.isProbeSample = true
        cycle.feedback = .starting
        rounds.restart(delivered: delivered)
        pipe.restart(from: sample.bytesPerSecond)
        phase = .probeUp
        steepenGrowth()
    }

    // MARK: Moving on

    /// UpdateProbeBWCyclePhase.
    mutating func moveCycle(_ sample: RateSample) {
        // As of before this ACK: the bound may grow with it, and the window only follows later.
        let isBound = usesWindow && window >= longTermInflight
        guard pipe.wasReached, !adaptLongTermModel(sample, isBound: isBound) else { return }
        switch phase {
        case .probeDown:
            if isTimeToProbe {
                refill()
            } else if bytesInFlight <= min(inflightWithHeadroom, inflight(1, of: filter.maximum)) {
                phase = .probeCruise
            }
        case .probeCruise:
            if isTimeToProbe { refill() }
        case .probeRefill:
            if rounds.isStart { goUp(sample) }
        case .probeUp:
            if isTimeToGoDown(sample, isBound: isBound) {
                cycle.wasTooHigh = false
                goDown()
            }
        case .startup, .drain, .probeRoundTrip: break
        }
    }

    /// IsTimeToProbeBW.
    private var isTimeToProbe: Bool {
        let bound = min(targetInflight / segment, Self.longestRounds)
        return now > cycle.start + cycle.wait || Double(cycle.rounds) >= bound
    }

    /// IsTimeToGoDown.
    private mutating func isTimeToGoDown(_ sample: RateSample, isBound: Bool) -> Bool {
        let isHeld = now < cycle.holdEnd
        if cycle.wasTooHigh || isHeld, bytesInFlight >= longTermInflight {
            cycle.wasPrecautionary = !isHeld
            return true
        }
        if isBound, bytesInFlight <= inflight(Self.upGain, of: filter.maximum) {
            // This volume holds the rate down: a plateau says nothing of the path. The draft does not
            // ask whether it still fits into the pipe, and so probes on into a queue.
            pipe.restart(from: sample.bytesPerSecond)
            return false
        }
        return pipe.isFull
    }

    // MARK: The long-term model

    /// AdaptLongTermModel.
    /// - Returns: whether the phase was changed.
    private mutating func adaptLongTermModel(_ sample: RateSample, isBound: Bool) -> Bool {
        if cycle.feedback == .starting, rounds.isStart { cycle.feedback = .probing }
        if cycle.feedback == .stopping, rounds.isStart {
            cycle.isProbeSample = false
            cycle.feedback = .none
            if isInCycle, !sample.isApplicationLimited { filter.advance() }
            if isInCycle, cycle.wasPrecautionary, !cycle.wasTooHigh {
                refill()
                return true
            }
        }
        guard longTermInflight.isFinite,
            !exceedsTolerance(lost: Double(sample.lost), of: Double(sample.bytesInFlightAtSend))
        else { return false }
        longTermInflight = max(longTermInflight, Double(sample.bytesInFlightAtSend))
        if phase == .probeUp, isBound, now >= cycle.holdEnd { growLongTermInflight(sample) }
        return false
    }

    /// ProbeInflightLongtermUpward.
    private mutating func growLongTermInflight(_ sample: RateSample) {
        cycle.acknowledged += Double(sample.newlyDelivered)
        if cycle.acknowledged >= cycle.acknowledgedPerPacket {
            let steps = (cycle.acknowledged / cycle.acknowledgedPerPacket).rounded(.down)
            cycle.acknowledged -= steps * cycle.acknowledgedPerPacket
            longTermInflight += steps * segment
        }
        if rounds.isStart { steepenGrowth() }
    }

    /// RaiseInflightLongtermSlope: one packet more in the first round, then two, four, eight.
    private mutating func steepenGrowth() {
        let growth = Double(UInt64(1) << UInt64(cycle.growthRounds))
        cycle.growthRounds = min(cycle.growthRounds + 1, 30)
        cycle.acknowledgedPerPacket = max(window / growth, segment)
    }

    // MARK: Measuring the round trip

    /// CheckProbeRTT.
    mutating func probeRoundTripIfDue(_ sample: RateSample) {
        if phase != .probeRoundTrip, roundTrip.isDue, !isRestarting {
            saveWindow()
            phase = .probeRoundTrip
            roundTripProbeEnd = 0
            cycle.feedback = .stopping
            rounds.restart(delivered: delivered)
        }
        if phase == .probeRoundTrip { continueRoundTripProbe() }
        if sample.delivered > 0 { isRestarting = false }
    }

    /// HandleProbeRTT. The samples count as application-limited by ``holdsRateDown``.
    private mutating func continueRoundTripProbe() {
        if roundTripProbeEnd == 0 {
            guard bytesInFlight <= roundTripProbeWindow else { return }
            roundTripProbeEnd = now + Self.roundTripProbeTime
            roundTripProbeRoundIsOver = false
            rounds.restart(delivered: delivered)
        } else {
            if rounds.isStart { roundTripProbeRoundIsOver = true }
            if roundTripProbeRoundIsOver { finishRoundTripProbeIfDue() }
        }
    }

    /// CheckProbeRTTDone, ExitProbeRTT.
    mutating func finishRoundTripProbeIfDue() {
        guard roundTripProbeEnd != 0, now > roundTripProbeEnd else { return }
        roundTrip.wasProbed(now: now)
        restoreWindow()
        resetShortTermModel()
        if pipe.wasReached {
            goDown()
            phase = .probeCruise
        } else {
            phase = .startup
        }
    }
}

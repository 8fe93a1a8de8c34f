/// What BBR makes of losses and marks (draft-ietf-ccwg-bbr-06 §5.5.10, §5.5.11).
extension Bbr {
    // MARK: Signals

    /// UpdateLatestDeliverySignals.
    mutating func takeLatestSignals(_ sample: RateSample) {
        latestBandwidth = max(latestBandwidth, sample.bytesPerSecond)
        latestInflight = max(latestInflight, Double(sample.delivered))
        if roundTrip.isConfirmed(by: sample.roundTrip) { queueWasEmpty = true }
        if !sample.isApplicationLimited { pathWasTried = true }
        isLossRoundStart = sample.priorDelivered >= lossRoundEnd
        if isLossRoundStart { lossRoundEnd = delivered }
    }

    /// ResetCongestionSignals.
    mutating func resetSignals() {
        lossRound = nil
        roundIsMarked = false
        latestBandwidth = 0
        latestInflight = 0
        queueWasEmpty = false
        pathWasTried = false
    }

    /// ResetShortTermModel.
    mutating func resetShortTermModel() {
        shortTermBandwidth = .infinity
        shortTermInflight = .infinity
    }

    /// UpdateCongestionSignals, at the end of a round.
    /// - Returns: the losses of the round that ended, if it had any.
    mutating func endLossRound() -> LossRound? {
        guard isLossRoundStart, lossRound != nil || roundIsMarked else { return nil }
        adaptShortTermModel()
        let ended = lossRound
        lossRound = nil
        roundIsMarked = false
        return ended
    }

    /// AdaptLowerBoundsFromCongestion: gives way once per round, when not probing.
    ///
    /// Differs from the draft, which slows down after every loss, where the losses look like the
    /// path's nature (``lossesAreNatural``): then it gives up what it holds in the queue, down to the
    /// bandwidth-delay product, and keeps its rate. With 1 % of random loss a round the draft's
    /// answer, compounded with its pacing margin, costs 2 % of the rate a round.
    private mutating func adaptShortTermModel() {
        switch phase {
        case .startup, .probeRefill, .probeUp: return
        case .drain, .probeDown, .probeCruise, .probeRoundTrip: break
        }
        if shortTermInflight == .infinity { shortTermInflight = window }
        let volume = max(latestInflight, Self.multiplicativeDecrease * shortTermInflight)
        if lossesAreNatural {
            let floor = inflight(1, of: filter.maximum) + aggregation.extra
            shortTermInflight = min(shortTermInflight, max(volume, floor))
            return
        }
        if shortTermBandwidth == .infinity { shortTermBandwidth = filter.maximum }
        shortTermBandwidth = max(latestBandwidth, Self.multiplicativeDecrease * shortTermBandwidth)
        shortTermInflight = volume
    }

    /// Whether the round lost no more than is tolerated, nothing was marked, and another flow did not
    /// push into the queue: then it stands, and less arrives than was sent, what was lost left aside. Where
    /// it was empty during the round, less arrived because less was sent, by a sender that was kept from
    /// its processor; and a round in which the sender held itself back, as it does to measure the round
    /// trip, says nothing of what the path carries.
    private var lossesAreNatural: Bool {
        guard !roundIsMarked, let lossRound else { return false }
        guard !lossRound.exceeds(lossTolerance, delivered: delivered, segment: segment) else {
            return false
        }
        let share = lossRound.share(delivered: delivered)
        return queueWasEmpty || !pathWasTried
            || latestBandwidth >= Self.slowestGain * bandwidth * Self.pacingMargin
                * (1 - share)
    }

    // MARK: Losses

    /// HandleLostPacket.
    mutating func packetLost(_ packet: LostPacket, now: Int64) {
        self.now = now
        noteCongestion()
        undo.losses += 1
        undo.firstSentAt = min(undo.firstSentAt, packet.sentAt)
        if lossRound == nil { lossRound = LossRound(delivered: delivered) }
        lossRound?.add(packet)
        naturalLoss.packetLost(bytes: packet.bytes)
        guard cycle.isProbeSample else { return }
        let inflight = Double(packet.bytesInFlightAtSend)
        guard exceedsTolerance(lost: Double(packet.lostSinceSent), of: inflight) else { return }
        inflightWasTooHigh(
            inflightAtLoss(packet), isApplicationLimited: packet.isApplicationLimited)
    }

    /// What may be lost of a volume that probes: BBR.LossThresh, or less where the path loses less by
    /// its nature.
    private var probeTolerance: Double { naturalLoss.tolerance(atMost: lossTolerance) }

    /// IsInflightTooHigh, with one standard deviation of chance granted: of thirty packets one lost
    /// is more than 2 % and proves nothing.
    func exceedsTolerance(lost: Double, of volume: Double) -> Bool {
        let expected = probeTolerance * volume / segment
        return lost / segment > expected + expected.squareRoot()
    }

    /// InflightAtLoss: the volume at which the losses crossed what is tolerated.
    private func inflightAtLoss(_ packet: LostPacket) -> Double {
        let before = Double(packet.bytesInFlightAtSend - packet.bytes)
        let lostBefore = Double(packet.lostSinceSent - packet.bytes)
        let prefix = (probeTolerance * before - lostBefore) / (1 - probeTolerance)
        return before + prefix
    }

    /// Differs from the draft, which keeps the volume at which the queue overflowed and comes back to it
    /// with every probe: gives up three tenths of it, as CUBIC does, down to what fills the pipe with the
    /// headroom that is left free of it, and stays below for ``ProbeCycle/holdTime``.
    private mutating func stayBelow(_ volume: Double) {
        let pipe = bandwidthDelayProduct(1 / (1 - Self.headroom), of: filter.maximum)
        longTermInflight = max(
            volume * Self.multiplicativeDecrease, min(volume, pipe), minimumWindow)
        cycle.holdEnd = now + ProbeCycle.holdTime
    }

    /// HandleInflightTooHigh: reacts once per probe.
    private mutating func inflightWasTooHigh(_ volume: Double, isApplicationLimited: Bool) {
        cycle.wasTooHigh = true
        cycle.isProbeSample = false
        countReduction()
        if !isApplicationLimited {
            longTermInflight = max(
                volume, targetInflight * Self.multiplicativeDecrease, minimumWindow)
            // Only where the losses are not the path's own can they be the queue's.
            if probeTolerance < lossTolerance { stayBelow(volume) }
        }
        guard phase == .probeUp else { return }
        undo.phase = .probeUp
        goDown()
    }

    /// NoteLoss, and the beginning of a recovery.
    private mutating func noteCongestion() {
        if lossRound == nil, !roundIsMarked {
            lossRoundEnd = delivered
            saveState()
        }
        if recoveryStart == nil { recoveryStart = now }
    }

    mutating func lost(_ event: LossEvent) {}

    /// §3.7 leaves the answer to marks open but wants it to be that to congestion: a mark while
    /// probing ends the probe, and while not probing slows down as a loss beyond tolerance does.
    mutating func congestionExperienced(sentAt: Int64, now: Int64) {
        self.now = now
        noteCongestion()
        undo.losses = .max / 2
        roundIsMarked = true
        if phase == .startup {
            pipe.wasReached = true
            longTermInflight = max(bandwidthDelayProduct(1), latestInflight, minimumWindow)
            countReduction()
        } else if cycle.isProbeSample {
            inflightWasTooHigh(bytesInFlight, isApplicationLimited: false)
        }
    }

    // MARK: Recovery

    /// SaveStateUponLoss.
    private mutating func saveState() {
        saveWindow()
        undo = BbrUndo(
            shortTermBandwidth: shortTermBandwidth, shortTermInflight: shortTermInflight,
            longTermInflight: longTermInflight)
    }

    /// A packet sent after the recovery began arrived: it is over (RFC 9002 §7.3.2).
    mutating func leaveRecovery(_ event: AcknowledgementEvent) {
        guard let start = recoveryStart, event.largestSentAt > start else { return }
        recoveryStart = nil
        guard isAfterPersistentCongestion else { return }
        isAfterPersistentCongestion = false
        restoreWindow()
    }

    /// OnEnterRTO (§5.6.4.4).
    mutating func persistentCongestion(now: Int64) {
        saveWindow()
        recoveryStart = now
        isAfterPersistentCongestion = true
        countReduction()
        window = minimumWindow
    }

    /// HandleSpuriousLossDetection, once every loss of the episode turned out spurious.
    mutating func lossesWereSpurious(packets: Int, newestSentAt: Int64) {
        guard undo.losses > 0, newestSentAt >= undo.firstSentAt else { return }
        undo.losses -= min(packets, undo.losses)
        guard undo.losses == 0 else { return }
        restoreWindow()
        lossRound = nil
        pipe.restart()
        shortTermBandwidth = max(shortTermBandwidth, undo.shortTermBandwidth)
        shortTermInflight = max(shortTermInflight, undo.shortTermInflight)
        longTermInflight = max(longTermInflight, undo.longTermInflight)
        cycle.holdEnd = 0
        if undo.phase == .startup, phase != .startup {
            pipe.wasReached = false
            if phase != .probeRoundTrip { phase = .startup }
        } else if undo.phase == .probeUp, phase != .probeUp, phase != .probeRoundTrip {
            refill()
        }
        undo.phase = nil
    }
}

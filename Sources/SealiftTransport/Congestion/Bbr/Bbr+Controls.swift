/// What BBR decides from its model (draft-ietf-ccwg-bbr-06 §5.6).
extension Bbr {
    /// §5.6.1.
    var pacingGain: Double {
        switch phase {
        case .startup: Self.startupPacingGain
        case .drain: 0.5
        case .probeDown: Self.slowestGain
        case .probeUp: Self.upGain
        case .probeCruise, .probeRefill, .probeRoundTrip: 1
        }
    }

    /// §5.6.1.
    private var windowGain: Double {
        switch phase {
        case .probeUp: 2.25
        case .probeRoundTrip: 0.5
        case .startup, .drain, .probeDown, .probeCruise, .probeRefill: 2
        }
    }

    // MARK: Rate

    /// SetPacingRateWithGain. Until the pipe was full once, the rate only grows.
    mutating func setRate(gain: Double) {
        let next = gain * bandwidth * Self.pacingMargin
        guard next > 0 else { return }
        if pipe.wasReached || next > rate { rate = next }
    }

    // MARK: Volumes, in bytes

    /// BDPMultiple, of ``bandwidth`` unless another is given.
    func bandwidthDelayProduct(_ gain: Double, of other: Double? = nil) -> Double {
        guard let minimum = roundTrip.minimum else {
            return initialWindow
        }
        return gain * (other ?? bandwidth) * Double(minimum) / 1e9
    }

    /// BBR.offload_budget (§5.5.8.2): one quantum, and what is delivered while the receiver holds an
    /// ACK back and a timer comes late, 1 ms. On a path of microseconds this, and not the round trip
    /// of an idle machine, is what keeps the rate from collapsing into its own batches.
    private var offloadBudget: Double {
        let quantum = max(min(rate / 1000, Pacer.quantumLimit), 2 * segment)
        return quantum + filter.maximum / 1000
    }

    /// QuantizationBudget.
    private func withBudget(_ volume: Double) -> Double {
        let volume = max(volume, offloadBudget, minimumWindow)
        return phase == .probeUp ? volume + 2 * segment : volume
    }

    /// Inflight: what a gain on the bandwidth-delay product asks for.
    func inflight(_ gain: Double, of other: Double? = nil) -> Double {
        withBudget(bandwidthDelayProduct(gain, of: other))
    }

    /// TargetInflight.
    var targetInflight: Double { min(bandwidthDelayProduct(1), window) }

    /// InflightWithHeadroom.
    var inflightWithHeadroom: Double {
        guard longTermInflight.isFinite else { return .infinity }
        let headroom = max(segment, Self.headroom * longTermInflight)
        return max(longTermInflight - headroom, minimumWindow)
    }

    // MARK: Window

    /// SetCwnd.
    mutating func setWindow(acknowledged: Double) {
        let most = withBudget(bandwidthDelayProduct(windowGain) + aggregation.extra)
        if pipe.wasReached {
            window = min(window + acknowledged, most)
        } else if window < most || Double(delivered) < initialWindow {
            window += acknowledged
        }
        window = max(window, minimumWindow)
        if phase == .probeRoundTrip { window = min(window, roundTripProbeWindow) }
        window = min(window, max(volumeCap, minimumWindow))
    }

    /// BoundCwndForModel.
    private var volumeCap: Double {
        switch phase {
        case .probeDown, .probeRefill, .probeUp: min(longTermInflight, shortTermInflight)
        case .probeCruise, .probeRoundTrip: min(inflightWithHeadroom, shortTermInflight)
        case .startup, .drain: shortTermInflight
        }
    }

    /// ProbeRTTCwnd.
    var roundTripProbeWindow: Double { max(bandwidthDelayProduct(0.5), minimumWindow) }

    /// SaveCwnd.
    mutating func saveWindow() {
        let isModulated = recoveryStart != nil || phase == .probeRoundTrip
        priorWindow = isModulated ? max(priorWindow, window) : window
    }

    /// RestoreCwnd.
    mutating func restoreWindow() {
        window = max(window, priorWindow)
    }
}

/// Sends at the rate the user fixed, whatever is lost: for links that belong to the user alone.
struct FixedRate: CongestionController {
    private let bytesPerSecond: Double
    private var smoothedRTT = RTTEstimator.initialNanoseconds

    /// Makes the controller of a rate; at least 1,200 bytes a second.
    init(bytesPerSecond: Double) {
        self.bytesPerSecond = max(bytesPerSecond, 1200)
    }

    /// Two bandwidth-delay products, so that pacing decides; at least 64 KiB, at most 16 GiB.
    var congestionWindow: Int {
        let product = 2 * bytesPerSecond * Double(smoothedRTT) / 1e9
        return Int(min(max(product, 65_536), 17_179_869_184))
    }

    var pacingRate: Double? { bytesPerSecond }
    var reductions: UInt64 { 0 }

    mutating func acknowledged(_ event: AcknowledgementEvent) {
        smoothedRTT = event.rtt.smoothed
    }

    mutating func lost(_ event: LossEvent) {}
    mutating func lossesWereSpurious(packets: Int, newestSentAt: Int64) {}
    mutating func congestionExperienced(sentAt: Int64, now: Int64) {}
    mutating func persistentCongestion(now: Int64) {}
    mutating func datagramSizeChanged(to size: Int) {}
}

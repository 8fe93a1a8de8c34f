/// The greatest delivery rate of this probing cycle and the last one
/// (draft-ietf-ccwg-bbr-06 §5.5.3–5.5.6). Bytes per second.
struct BandwidthFilter: Equatable {
    private var previous = 0.0
    private var current = 0.0

    /// BBR.max_bw; 0 before the first sample.
    var maximum: Double { max(previous, current) }

    /// Takes in a sample. One that the application set counts only if it is greater than all.
    mutating func update(_ rate: Double, isApplicationLimited: Bool) {
        guard rate > 0, rate >= maximum || !isApplicationLimited else { return }
        current = max(current, rate)
    }

    /// A probing cycle ended. One without samples forgets nothing.
    mutating func advance() {
        guard current > 0 else { return }
        previous = current
        current = 0
    }
}

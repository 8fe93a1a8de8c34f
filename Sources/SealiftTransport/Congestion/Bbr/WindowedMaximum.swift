/// The greatest value of the latest rounds, in constant memory: the three-sample filter of Kathleen
/// Nichols that draft-ietf-ccwg-bbr-06 §5.5.5 refers to. Exact where the values fall or stand; after
/// a peak leaves the window, the best of what came behind it follows.
struct WindowedMaximum: Equatable {
    private struct Sample: Equatable {
        var value = 0.0
        var round: UInt64 = 0
    }

    private var best = Sample()
    private var second = Sample()
    private var third = Sample()

    /// The greatest value; 0 before the first.
    var maximum: Double { best.value }

    /// Takes in a value and forgets what is older than `length` rounds.
    mutating func update(_ value: Double, round: UInt64, length: UInt64) {
        let sample = Sample(value: value, round: round)
        if value >= best.value || round - third.round > length {
            (best, second, third) = (sample, sample, sample)
            return
        }
        if value >= second.value {
            (second, third) = (sample, sample)
        } else if value >= third.value {
            third = sample
        }
        age(sample, length: length)
    }

    private mutating func age(_ sample: Sample, length: UInt64) {
        let elapsed = sample.round - best.round
        if elapsed > length {
            (best, second, third) = (second, third, sample)
            if sample.round - best.round > length { (best, second) = (second, third) }
        } else if second.round == best.round, elapsed > length / 4 {
            (second, third) = (sample, sample)
        } else if third.round == second.round, elapsed > length / 2 {
            third = sample
        }
    }
}

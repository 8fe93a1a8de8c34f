import SealiftBase

/// Times in which a sender gets no processor: on a busy machine, or in a virtual one whose host is busy.
/// Neither ACKs are processed then nor packets sent.
struct SenderNaps {
    /// In order, in nanoseconds.
    private var naps: [Range<Int64>] = []

    /// A machine that is always there.
    static let none = SenderNaps()

    private init() {}

    /// Two minutes of naps that last between so many milliseconds, one after `every` milliseconds on
    /// average.
    init(every: Int64, milliseconds: ClosedRange<Int64>, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var time: Int64 = 0
        while time < 120_000_000_000 {
            time += Int64(generator.nextUnit() * 2 * Double(every) * 1e6)
            let length = Int64.random(in: milliseconds, using: &generator) * 1_000_000
            naps.append(time..<(time + length))
            time += length
        }
    }

    /// When the sender acts that wants to at `time`.
    func awake(at time: Int64) -> Int64 {
        var (low, high) = (0, naps.count)
        while low < high {
            let middle = (low + high) / 2
            if naps[middle].upperBound <= time { low = middle + 1 } else { high = middle }
        }
        return low < naps.count && naps[low].contains(time) ? naps[low].upperBound : time
    }
}

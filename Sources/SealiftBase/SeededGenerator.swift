/// A fast random generator with a seed: the same seed gives the same numbers on every machine.
///
/// For simulations and for choices that need no secrecy. Never a source of keys: those come from
/// the operating system, through SealiftIO and swift-crypto. The algorithm is xoshiro256** (Blackman
/// and Vigna 2018), its state filled from the seed by SplitMix64, as its authors advise.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// Makes the generator of `seed`.
    public init(seed: UInt64) {
        var mix = seed
        func next() -> UInt64 {
            mix &+= 0x9E37_79B9_7F4A_7C15
            var word = mix
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
        state = (next(), next(), next(), next())
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        func rotate(_ word: UInt64, by bits: UInt64) -> UInt64 {
            (word << bits) | (word >> (64 - bits))
        }
        let result = rotate(state.1 &* 5, by: 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotate(state.3, by: 45)
        return result
    }

    /// A number that is at least 0 and below 1.
    public mutating func nextUnit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// `count` random bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        while result.count < count {
            withUnsafeBytes(of: next().littleEndian) {
                result.append(contentsOf: $0.prefix(count - result.count))
            }
        }
        return result
    }
}

import SealiftBase
import Testing

@Suite("Seeded generator")
struct SeededGeneratorTests {
    // Computed by an independent implementation of xoshiro256** seeded by SplitMix64.
    @Test(
        "gives the published algorithm's numbers",
        arguments: [
            (
                0,
                [
                    11_091_344_671_253_066_420, 13_793_997_310_169_335_082,
                    1_900_383_378_846_508_768, 7_684_712_102_626_143_532,
                ]
            ),
            (
                42,
                [
                    1_546_998_764_402_558_742, 6_990_951_692_964_543_102,
                    12_544_586_762_248_559_009, 17_057_574_109_182_124_193,
                ]
            ),
        ] as [(UInt64, [UInt64])])
    func golden(seed: UInt64, expected: [UInt64]) {
        var generator = SeededGenerator(seed: seed)
        #expect(expected.map { _ in generator.next() } == expected)
    }

    @Test("gives numbers from 0 up to, and never, 1")
    func unit() {
        var generator = SeededGenerator(seed: 7)
        var sum = 0.0
        for _ in 0..<10_000 {
            let value = generator.nextUnit()
            #expect(value >= 0 && value < 1)
            sum += value
        }
        #expect(abs(sum / 10_000 - 0.5) < 0.02)
    }

    @Test(
        "gives as many bytes as asked, the same from the same seed",
        arguments: [0, 1, 7, 8, 9, 1_000])
    func bytes(count: Int) {
        var one = SeededGenerator(seed: 3)
        var other = SeededGenerator(seed: 3)
        let bytes = one.bytes(count)
        #expect(bytes.count == count)
        #expect(bytes == other.bytes(count))
    }
}

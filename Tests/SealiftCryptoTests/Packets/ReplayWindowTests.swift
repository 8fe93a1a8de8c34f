import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("Replay window")
struct ReplayWindowTests {
    /// The rule itself: a set of all numbers ever received.
    private struct Model {
        var received: Set<UInt64> = []
        var highest: UInt64?

        func isNew(_ number: UInt64) -> Bool {
            guard let highest else { return true }
            if number + 2048 <= highest { return false }
            return !received.contains(number)
        }

        mutating func insert(_ number: UInt64) {
            received.insert(number)
            highest = max(highest ?? 0, number)
        }
    }

    @Test("agrees with the naive model over random walks", arguments: 0..<40)
    func model(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var (window, model) = (ReplayWindow(), Model())
        var centre = generator.next() % 5_000
        for _ in 0..<4_000 {
            switch generator.next() % 64 {
            case 0: centre += generator.next() % 10_000
            case 1: centre += 2_000 + generator.next() % 200
            default: centre += generator.next() % 4
            }
            let back = generator.next() % (generator.next() % 8 == 0 ? 4_500 : 70)
            let number = centre >= back ? centre - back : 0
            #expect(window.isNew(number) == model.isNew(number), "seed \(seed), \(number)")
            if model.isNew(number) {
                window.insert(number)
                model.insert(number)
            }
            #expect(window.highest == model.highest)
        }
    }

    @Test(
        "the edges: 2,047 below the highest is inside, 2,048 is not, and the largest number works")
    func edges() {
        var window = ReplayWindow()
        #expect(window.isNew(0))
        window.insert(0)
        #expect(!window.isNew(0) && window.isNew(1))
        window.insert(2_047)
        #expect(!window.isNew(0) && window.isNew(1))
        window.insert(2_048)
        #expect(!window.isNew(0) && window.isNew(1))
        window.insert(2_049)
        #expect(!window.isNew(1) && window.isNew(2))
        let largest: UInt64 = (1 << 62) - 1
        window.insert(largest)
        #expect(!window.isNew(largest) && window.isNew(largest - 2_047))
        #expect(!window.isNew(largest - 2_048) && !window.isNew(2))
    }
}

import SealiftBase
import SealiftTestSupport
import Testing

@Suite("Interval set")
struct IntervalSetTests {
    /// Every rule the type states about its own storage.
    private func isWellFormed(_ set: IntervalSet) -> Bool {
        set.ranges.allSatisfy { !$0.isEmpty }
            && zip(set.ranges, set.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }
    }

    private func randomRange(_ generator: inout SeededGenerator) -> Range<UInt64> {
        let start = UInt64.random(in: 0..<200, using: &generator)
        return start..<(start + UInt64.random(in: 0..<30, using: &generator))
    }

    @Test("behaves as a set of integers", arguments: SimulationSeed.series(50))
    func model(seed: SimulationSeed) {
        var generator = seed.generator(for: "operations")
        var set = IntervalSet()
        var model = Set<UInt64>()
        for _ in 0..<200 {
            let range = randomRange(&generator)
            switch Int.random(in: 0..<7, using: &generator) {
            case 0, 1:
                set.insert(range)
                model.formUnion(range)
            case 2:
                let isNew = set.insert(range.lowerBound)
                #expect(isNew == model.insert(range.lowerBound).inserted)
            case 3:
                set.remove(range)
                model.subtract(range)
            case 4:
                let limit = UInt64.random(in: 0..<10, using: &generator)
                let popped = set.popFirst(atMost: limit)
                #expect((popped == nil) == (limit == 0 || model.isEmpty))
                if let popped {
                    #expect(popped.lowerBound == model.min())
                    #expect(popped.count <= Int(limit))
                    #expect(model.isSuperset(of: popped))
                    model.subtract(popped)
                }
            case 5:
                let gaps = set.gaps(in: range)
                #expect(gaps.flatMap { $0 } == range.filter { !model.contains($0) })
                #expect(gaps.allSatisfy { !$0.isEmpty })
                var joined = set
                joined.insert(range)
                let isOneMore = joined.rangeCount > set.rangeCount
                #expect(range.isEmpty || set.adjoins(range) == !isOneMore)
            default:
                #expect(set.contains(range) == model.isSuperset(of: range))
                #expect(set.contains(range.lowerBound) == model.contains(range.lowerBound))
            }
            #expect(isWellFormed(set))
            #expect(set.ranges.flatMap { $0 } == model.sorted())
            #expect(set.count == UInt64(model.count))
            #expect(set.isEmpty == model.isEmpty)
            #expect(set.bounds?.lowerBound == model.min())
            #expect(set.bounds?.upperBound == model.max())
        }
    }

    @Test("joins ranges that touch")
    func adjacent() {
        var set = IntervalSet(0..<5)
        set.insert(10..<15)
        set.insert(5..<10)
        #expect(set == IntervalSet(0..<15))
        #expect(set.rangeCount == 1)
    }

    @Test("ignores empty ranges, and holds every empty one")
    func emptyRanges() {
        var set = IntervalSet(3..<3)
        #expect(set.isEmpty && set.bounds == nil)
        #expect(set.contains(7..<7))
        set.insert(1..<9)
        set.remove(4..<4)
        #expect(set == IntervalSet(1..<9))
        #expect(set.gaps(in: 2..<2).isEmpty)
    }

    @Test("forgets its lowest ranges when told to keep few")
    func keepHighest() {
        var set = IntervalSet()
        for start in stride(from: UInt64(0), to: 100, by: 10) { set.insert(start..<(start + 2)) }
        set.keepHighest(ranges: 3)
        #expect(set.ranges == [70..<72, 80..<82, 90..<92])
        set.keepHighest(ranges: 5)
        #expect(set.rangeCount == 3)
    }

    @Test("works at the top of the number space of packets")
    func largeValues() {
        let top: UInt64 = 1 << 62
        var set = IntervalSet((top - 10)..<top)
        set.insert(0)
        #expect(set.count == 11)
        #expect(set.contains(top - 1) && !set.contains(top))
    }
}

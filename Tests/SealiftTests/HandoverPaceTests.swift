import SealiftBase
import Testing

@testable import Sealift

@Suite("The pace of handing over")
struct HandoverPaceTests {
    /// Whether each of so many things of `bytes`, one every `step`, is due.
    private func due(
        _ pace: inout HandoverPace, _ count: Int, of bytes: Int, every step: Duration,
        from start: Duration
    ) -> [Bool] {
        (0..<count).map { number in
            pace.isDue(bytes, now: Instant.zero + (start + step * number))
        }
    }

    @Test("Small things wait for a batch, for a millisecond, or for a pause")
    func runs() {
        var pace = HandoverPace()
        let batch = due(&pace, 17, of: 4_096, every: .zero, from: .seconds(5))
        #expect(batch == Array(repeating: false, count: 15) + [true, false])
        var hasWaiting = pace.pause()
        #expect(hasWaiting)
        hasWaiting = pace.pause()
        #expect(!hasWaiting)

        let slow = due(&pace, 5, of: 1, every: .microseconds(500), from: .seconds(6))
        #expect(slow == [false, false, true, false, false])
    }

    @Test("A large thing does not wait")
    func large() {
        var pace = HandoverPace()
        let large = due(&pace, 3, of: 262_144, every: .zero, from: .zero)
        #expect(large == [true, true, true])
    }
}

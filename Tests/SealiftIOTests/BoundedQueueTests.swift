import SealiftBase
import Synchronization
import Testing

@testable import SealiftIO

@Suite("The bounded queue") struct BoundedQueueTests {
    @Test("keeps order, says when it is full, and calls its hook")
    func order() {
        let calls = Shared(0)
        let queue = BoundedQueue<Int>(capacity: 2) { calls.withLock { $0 += 1 } }
        #expect(queue.tryPush(1) == .pushed)
        #expect(queue.push(2))
        #expect(queue.tryPush(3) == .full)
        #expect(queue.count == 2)
        #expect(calls.withLock { $0 } == 2)
        #expect(queue.pop() == 1)
        #expect(queue.tryPop() == 2)
        #expect(queue.tryPop() == nil)
    }

    @Test("gives out what is left after it was closed, then nothing")
    func close() {
        let queue = BoundedQueue<Int>(capacity: 4)
        queue.push(1)
        queue.close()
        #expect(!queue.push(2))
        #expect(queue.tryPush(2) == .closed)
        #expect(queue.pop() == 1)
        #expect(queue.pop() == nil)
        guard case .closed = queue.pop(until: .zero) else {
            Issue.record("a closed queue must say so")
            return
        }
    }

    @Test("drops what is left where that is wanted")
    func discard() {
        let queue = BoundedQueue<Int>(capacity: 4)
        queue.push(1)
        queue.closeAndDiscard()
        #expect(queue.pop() == nil)
    }

    @Test("gives up at the deadline")
    func deadline() {
        let queue = BoundedQueue<Int>(capacity: 1)
        guard case .timedOut = queue.pop(until: MonotonicClock.now() + .milliseconds(1)) else {
            Issue.record("nothing can have come")
            return
        }
    }

    @Test("tells of quiet pushes when asked to, with the next loud one, and when it is full")
    func announcements() {
        let calls = Shared(0)
        let queue = BoundedQueue<Int>(capacity: 4) { calls.withLock { $0 += 1 } }
        queue.push(1, announced: .later)
        #expect(calls.withLock { $0 } == 0)
        queue.announce()
        #expect(calls.withLock { $0 } == 1)
        queue.push(2, announced: .later)
        queue.push(3, announced: .now)
        #expect(calls.withLock { $0 } == 2)
        queue.push(4, announced: .later)
        #expect(calls.withLock { $0 } == 3)
    }

    @Test("lets a giver go on when half is taken", arguments: 1...5)
    func refill(capacity: Int) throws {
        let queue = BoundedQueue<Int>(capacity: capacity, refill: .whenHalfEmpty)
        let giver = try NamedThread(name: "giver") {
            for number in 0..<100 { queue.push(number) }
            queue.close()
        }
        var taken: [Int] = []
        while let number = queue.pop() { taken.append(number) }
        giver.join()
        #expect(taken == Array(0..<100))
    }

    @Test("loses and doubles nothing between several threads, and never grows")
    func threads() throws {
        let queue = BoundedQueue<Int>(capacity: 3)
        let sums = Shared((sum: 0, count: 0, highest: 0))
        var givers: [NamedThread] = []
        for giver in 0..<4 {
            givers.append(
                try NamedThread(name: "giver") {
                    for value in 0..<2_000 { queue.push(giver * 2_000 + value) }
                })
        }
        var takers: [NamedThread] = []
        for _ in 0..<3 {
            takers.append(
                try NamedThread(name: "taker") {
                    while let value = queue.pop() {
                        let waiting = queue.count
                        sums.withLock {
                            $0.sum += value
                            $0.count += 1
                            $0.highest = max($0.highest, waiting)
                        }
                    }
                })
        }
        for giver in givers { giver.join() }
        queue.close()
        for taker in takers { taker.join() }
        let result = sums.withLock { $0 }
        #expect(result.count == 8_000)
        #expect(result.sum == 8_000 * 7_999 / 2)
        #expect(result.highest <= 3)
    }

    @Test("frees a giver that waits for room when it is closed")
    func waitingGiver() throws {
        let queue = BoundedQueue<Int>(capacity: 1)
        queue.push(1)
        let outcome = Shared<Bool?>(nil)
        let thread = try NamedThread(name: "a name that is far too long") {
            let pushed = queue.push(2)
            outcome.withLock { $0 = pushed }
        }
        queue.close()
        thread.join()
        #expect(outcome.withLock { $0 } == false)
    }
}

/// A value that several threads may change, one at a time.
private final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) {
        self.value = Mutex(value)
    }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { (held: inout Value) -> Result in body(&held) }
    }
}

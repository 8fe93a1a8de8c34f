/// Values in the order of their times. Most come in order; one that overtakes moves forward.
struct TimedQueue<Value> {
    private var entries: [(time: Int64, value: Value)] = []
    private var head = 0

    var firstTime: Int64? { head < entries.count ? entries[head].time : nil }

    mutating func add(_ value: Value, at time: Int64) {
        entries.append((time, value))
        var index = entries.count - 1
        while index > head, entries[index - 1].time > time {
            entries.swapAt(index - 1, index)
            index -= 1
        }
    }

    mutating func popFirst() -> Value {
        defer {
            head += 1
            if head > 4096, head * 2 > entries.count {
                entries.removeFirst(head)
                head = 0
            }
        }
        return entries[head].value
    }
}

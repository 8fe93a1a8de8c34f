import SealiftBase

/// Values that wait for their instant, handed out earliest first; those of one instant in the order
/// in which they were added, which is what makes a simulation repeatable. A binary heap.
struct EventQueue<Value> {
    private struct Entry {
        var instant: Instant
        var order: UInt64
        var value: Value

        func precedes(_ other: Entry) -> Bool {
            (instant, order) < (other.instant, other.order)
        }
    }

    private var heap: [Entry] = []
    private var added: UInt64 = 0

    /// The earliest instant at which something waits; nil when empty.
    var nextInstant: Instant? { heap.first?.instant }

    mutating func add(_ value: Value, at instant: Instant) {
        heap.append(Entry(instant: instant, order: added, value: value))
        added += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Removes and returns the earliest value if its instant has come; nil otherwise.
    mutating func pop(notAfter now: Instant) -> Value? {
        guard let first = heap.first, first.instant <= now else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first.value }
        heap[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { break }
            let right = left + 1
            let child = right < heap.count && heap[right].precedes(heap[left]) ? right : left
            guard heap[child].precedes(heap[parent]) else { break }
            heap.swapAt(child, parent)
            parent = child
        }
        return first.value
    }
}

/// A queue whose elements are named by ever-growing indices: append at the end, forget from the
/// front, reach any between in constant time.
///
/// Serves records of packets, which are numbered in order and resolved almost in order. Memory is a
/// power of two of the span alive; it is allocated while the span grows, never in steady state.
struct MonotonicRing<Element: Sendable>: Sendable {
    private var slots: [Element]
    private let blank: Element
    /// Index of the oldest element alive.
    private(set) var start: UInt64
    /// Index that the next appended element gets.
    private(set) var end: UInt64

    /// Makes an empty ring. `blank` fills unused slots.
    init(blank: Element, start: UInt64 = 0) {
        self.blank = blank
        self.start = start
        end = start
        slots = Array(repeating: blank, count: 64)
    }

    /// How many elements are alive.
    var count: Int { Int(end - start) }
    var isEmpty: Bool { start == end }

    /// Whether an element with this index is alive.
    func contains(_ index: UInt64) -> Bool { index >= start && index < end }

    private func slot(_ index: UInt64) -> Int {
        Int(truncatingIfNeeded: index) & (slots.count - 1)
    }

    /// The element with this index, which must be alive.
    subscript(index: UInt64) -> Element {
        get { slots[slot(index)] }
        set { slots[slot(index)] = newValue }
        _modify { yield &slots[slot(index)] }
    }

    /// Appends an element under the index ``end``.
    mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[slot(end)] = element
        end += 1
    }

    /// Forgets every element below `index`.
    mutating func trim(to index: UInt64) {
        if index > start { start = min(index, end) }
    }

    private mutating func grow() {
        var larger = Array(repeating: blank, count: slots.count * 2)
        var index = start
        while index < end {
            larger[Int(truncatingIfNeeded: index) & (larger.count - 1)] = slots[slot(index)]
            index += 1
        }
        slots = larger
    }
}

import DequeModule
public import SealiftBase

/// A queue of stated capacity between threads: the only way that work crosses from one to another.
///
/// A full queue makes the giver wait, or be told no; it never grows. After ``close()`` nothing more
/// is taken in, and what is in comes out.
public final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    // @unchecked Sendable: `elements` and `isClosed` are touched only under the monitor's lock.
    private let monitor = Monitor()
    private var elements: Deque<Element> = []
    private var isClosed = false
    /// Called after each push, outside the lock.
    private let notify: (@Sendable () -> Void)?
    /// How many elements may wait.
    public let capacity: Int
    /// The most elements that wait when a giver that waits for room goes on.
    private let refillCount: Int

    /// When a giver that waits for room goes on.
    public enum Refill: Sendable {
        /// As soon as one element was taken.
        case atOnce
        /// When half of the elements were taken, so that the two threads do not change places for each
        /// one. Only for a taker that never waits for the giver before it took all.
        case whenHalfEmpty
    }

    /// Whether the taker hears of a push.
    public enum Announcement: Sendable {
        /// At once.
        case now
        /// With the next push that is announced, by ``announce()``, or when the queue is full.
        case later
    }

    /// What became of a push that does not wait.
    public enum PushOutcome: Equatable, Sendable {
        /// It is in the queue.
        case pushed
        /// There is no room now.
        case full
        /// The queue takes nothing any more.
        case closed
    }

    /// What a pop with a deadline brought.
    public enum PopOutcome {
        /// The oldest element.
        case element(Element)
        /// Nothing came in time.
        case timedOut
        /// The queue is closed and empty.
        case closed
    }

    /// Makes a queue for `capacity` elements, at least one.
    ///
    /// `notify` runs on the giver's thread after each push and on close; it must be short. It is
    /// where a ``Waker`` of a socket thread is called, which cannot wait here.
    public init(
        capacity: Int, refill: Refill = .atOnce, notify: (@Sendable () -> Void)? = nil
    ) {
        precondition(capacity > 0, "a queue has room for at least one element")
        self.capacity = capacity
        refillCount = refill == .atOnce ? capacity - 1 : capacity / 2
        self.notify = notify
        elements.reserveCapacity(capacity)
    }

    /// How many elements wait now.
    public var count: Int {
        monitor.lock()
        defer { monitor.unlock() }
        return elements.count
    }

    /// Appends `element`, and waits for room where there is none.
    /// - Returns: false where the queue is, or becomes, closed; the element is then dropped.
    @discardableResult
    public func push(_ element: Element, announced announcement: Announcement = .now) -> Bool {
        monitor.lock()
        while elements.count >= capacity, !isClosed { monitor.wait(for: .drained) }
        let isOpen = !isClosed
        if isOpen { append(element) }
        // Who fills the queue may wait next: the taker must know before.
        let isDue = announcement == .now || elements.count >= capacity
        monitor.unlock()
        if isOpen, isDue { notify?() }
        return isOpen
    }

    /// Tells the taker that there may be something to take.
    public func announce() {
        notify?()
    }

    /// Appends `element` where there is room.
    public func tryPush(_ element: Element) -> PushOutcome {
        monitor.lock()
        let outcome: PushOutcome =
            isClosed ? .closed : elements.count >= capacity ? .full : .pushed
        if outcome == .pushed { append(element) }
        monitor.unlock()
        if outcome == .pushed { notify?() }
        return outcome
    }

    private func append(_ element: Element) {
        elements.append(element)
        monitor.signal(.filled)
    }

    /// Takes the oldest element, and waits for one where there is none.
    /// - Returns: nil when the queue is closed and empty.
    public func pop() -> Element? {
        guard case .element(let element) = pop(until: .distantFuture) else { return nil }
        return element
    }

    /// Takes the oldest element, and waits for one until `deadline` on ``MonotonicClock``.
    public func pop(until deadline: Instant) -> PopOutcome {
        monitor.lock()
        defer { monitor.unlock() }
        while elements.isEmpty, !isClosed {
            if !monitor.wait(for: .filled, until: deadline), elements.isEmpty, !isClosed {
                return .timedOut
            }
        }
        guard let element = takeFirst() else { return .closed }
        return .element(element)
    }

    /// Takes the oldest element where there is one.
    public func tryPop() -> Element? {
        monitor.lock()
        defer { monitor.unlock() }
        return takeFirst()
    }

    private func takeFirst() -> Element? {
        guard let element = elements.popFirst() else { return nil }
        if elements.count <= refillCount { monitor.signal(.drained) }
        return element
    }

    /// Takes nothing more in. Givers that wait are told no; takers get what is left, then nil.
    public func close() {
        _ = close(keepingElements: true)
    }

    /// Closes the queue and drops what waits in it.
    public func closeAndDiscard() {
        // Dropped out here: an element's own clean-up must not run under the lock.
        _ = close(keepingElements: false)
    }

    /// - Returns: the elements that nobody will take any more.
    private func close(keepingElements: Bool) -> Deque<Element> {
        monitor.lock()
        isClosed = true
        var discarded: Deque<Element> = []
        if !keepingElements { swap(&discarded, &elements) }
        monitor.broadcast(.filled)
        monitor.broadcast(.drained)
        monitor.unlock()
        notify?()
        return discarded
    }
}

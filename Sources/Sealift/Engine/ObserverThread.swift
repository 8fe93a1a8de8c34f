import SealiftBase
import SealiftIO
import Synchronization

/// Tells the observer what happened, on a thread of its own, so that a slow terminal or a user who
/// thinks never stops packets.
///
/// Events keep their order. Progress is the one kind that may be dropped: where the observer has not
/// taken the last one, the next replaces nothing and is not queued.
final class ObserverThread: Sendable {
    private enum Item: Sendable {
        case event(TransferEvent)
        case question(OfferSummary, @Sendable (Decision) -> Void)
    }

    /// Events that may wait. Above it the giver waits too: losing what happened is worse than a pause.
    private static let capacity = 4_096

    private let queue = BoundedQueue<Item>(capacity: ObserverThread.capacity)
    private let thread: NamedThread
    private let isProgressWaiting: ProgressFlag

    private final class ProgressFlag: Sendable {
        let value = Atomic<Bool>(false)
    }

    init(_ observer: any TransferObserver) throws(SystemError) {
        let queue = queue
        let flag = ProgressFlag()
        isProgressWaiting = flag
        thread = try NamedThread(name: "observer") {
            while let item = queue.pop() {
                switch item {
                case .event(let event):
                    if case .progress = event { flag.value.store(false, ordering: .relaxed) }
                    observer.handle(event)
                case .question(let summary, let answer):
                    answer(observer.decide(summary))
                }
            }
        }
    }

    /// Queues an event.
    func tell(_ event: TransferEvent) {
        if case .progress = event {
            guard !isProgressWaiting.value.exchange(true, ordering: .relaxed) else { return }
            if queue.tryPush(.event(event)) != .pushed {
                isProgressWaiting.value.store(false, ordering: .relaxed)
            }
            return
        }
        queue.push(.event(event))
    }

    /// Queues the question; `answer` is called on the observer's thread.
    func ask(_ summary: OfferSummary, answer: @escaping @Sendable (Decision) -> Void) {
        queue.push(.question(summary, answer))
    }

    /// Waits until the observer took everything.
    func finish() {
        queue.close()
        thread.join()
    }
}

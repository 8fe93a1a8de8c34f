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
        case question(@Sendable (any TransferObserver) -> Void)
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
                case .question(let ask):
                    ask(observer)
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

    /// Queues the last word about how far the transfer is, which is not dropped.
    func tellLast(_ progress: TransferProgress) {
        queue.push(.event(.progress(progress)))
    }

    /// Queues a question; `ask` puts it to the observer, on the observer's thread, and sees to the
    /// answer.
    func ask(_ ask: @escaping @Sendable (any TransferObserver) -> Void) {
        queue.push(.question(ask))
    }

    /// Waits until the observer took everything.
    func finish() {
        queue.close()
        thread.join()
    }
}

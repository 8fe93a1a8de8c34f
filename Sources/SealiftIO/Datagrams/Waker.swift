import CSealiftSys
import Synchronization

/// Ends another thread's wait in a ``SocketPoller``, from any thread.
///
/// Many wakes before the thread looks are one: only the first costs a system call.
public final class Waker: Sendable {
    let descriptor: Descriptor
    private let isSignalled = Atomic<Bool>(false)

    /// Makes a waker.
    /// - Throws: `EMFILE` where the process has no descriptors left.
    public init() throws(SystemError) {
        descriptor = Descriptor(try checked(sealift_event_create(), "eventfd"))
    }

    /// Ends the wait, or the next one where the thread is not waiting now.
    public func wake() {
        guard !isSignalled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let number = descriptor.number
        _ = retryingInterrupts { sealift_event_signal(number) }
    }

    /// Makes the waker ready for the next wake. The flag falls before the counter does, so that a
    /// wake in between signals again rather than being lost.
    func reset() {
        isSignalled.store(false, ordering: .sequentiallyConsistent)
        let number = descriptor.number
        _ = retryingInterrupts { sealift_event_clear(number) }
    }
}

import Glibc
import SealiftBase

/// A lock with two conditions to wait for, at a fixed place in memory (pthread).
///
/// Conditions wait on CLOCK_MONOTONIC, the clock of ``MonotonicClock``.
final class Monitor: @unchecked Sendable {
    // @unchecked Sendable: the pthread objects are made to be shared, and the pointers never change.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let conditions: UnsafeMutablePointer<pthread_cond_t>

    /// What a thread waits for.
    enum Condition: Int {
        case filled = 0
        case drained = 1
    }

    init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        conditions = .allocate(capacity: 2)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        for index in 0..<2 {
            (conditions + index).initialize(to: pthread_cond_t())
            pthread_cond_init(conditions + index, &attributes)
        }
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        for index in 0..<2 { pthread_cond_destroy(conditions + index) }
        mutex.deallocate()
        conditions.deallocate()
    }

    func lock() { pthread_mutex_lock(mutex) }

    func unlock() { pthread_mutex_unlock(mutex) }

    /// Gives the lock up, waits for a signal, and takes it again. May return for no reason.
    func wait(for condition: Condition) {
        pthread_cond_wait(conditions + condition.rawValue, mutex)
    }

    /// The same, at most until `deadline`.
    /// - Returns: false when the deadline has come.
    func wait(for condition: Condition, until deadline: Instant) -> Bool {
        guard deadline != .distantFuture else {
            wait(for: condition)
            return true
        }
        let instant = max(0, deadline.nanoseconds)
        var time = timespec(
            tv_sec: Int(instant / 1_000_000_000), tv_nsec: Int(instant % 1_000_000_000))
        return pthread_cond_timedwait(conditions + condition.rawValue, mutex, &time) != ETIMEDOUT
    }

    func signal(_ condition: Condition) { pthread_cond_signal(conditions + condition.rawValue) }

    func broadcast(_ condition: Condition) {
        pthread_cond_broadcast(conditions + condition.rawValue)
    }
}

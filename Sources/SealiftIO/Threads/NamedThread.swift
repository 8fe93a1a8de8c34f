import CSealiftSys
import Glibc
import Synchronization

/// A thread of the operating system with a name that `top -H` and debuggers show.
///
/// For work that blocks: it never runs on the cooperative pool.
public final class NamedThread: Sendable {
    private let handle: pthread_t
    private let isJoined = Atomic<Bool>(false)

    /// Starts a thread that runs `body` once. At most 15 bytes of `name` are shown.
    /// - Throws: `EAGAIN` where the machine allows no more threads.
    public init(
        name: String, _ body: sending @escaping () -> Void
    ) throws(SystemError) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        let code = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                _ = sealift_thread_set_name(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw SystemError(code: code, operation: "start thread", path: name)
        }
        self.handle = handle
    }

    deinit {
        if !isJoined.load(ordering: .acquiring) { pthread_detach(handle) }
    }

    /// Waits until the thread has ended. Only the first call waits; it must not come from the
    /// thread itself.
    public func join() {
        guard !isJoined.exchange(true, ordering: .acquiringAndReleasing) else { return }
        pthread_join(handle, nil)
    }

    /// Lets the kernel wake the calling thread as late as 1 µs after its deadline instead of 50 µs:
    /// for the thread that paces packets.
    public static func sharpenTimers() {
        _ = sealift_thread_set_timer_slack(1_000)
    }

    private final class Start {
        let name: String
        let body: () -> Void

        init(name: String, body: @escaping () -> Void) {
            self.name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
            self.body = body
        }
    }
}

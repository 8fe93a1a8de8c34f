internal import Glibc
internal import Sealift

/// Turns signals into an orderly end: the first asks the engine to stop, the second stops at once.
///
/// The signals are blocked in every thread and taken by one thread that waits for them, so nothing runs
/// inside a signal handler. Signals that were ignored when the process started (`nohup`) stay ignored.
enum InterruptWatcher {
    /// Begins to watch. Called once, before any other thread exists.
    /// - Parameter onFirst: runs on the watcher's thread, before `cancellation` is requested.
    static func start(cancellation: Cancellation, onFirst: @escaping @Sendable () -> Void) {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
            sigaddset(&signals, number)
        }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let watcher = Watcher(signals: signals, cancellation: cancellation, onFirst: onFirst)
        var thread = pthread_t()
        let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
            context in
            guard let context else { return nil }
            Unmanaged<Watcher>.fromOpaque(context).takeRetainedValue().run()
            return nil
        }
        let context = Unmanaged.passRetained(watcher)
        if pthread_create(&thread, nil, entry, context.toOpaque()) == 0 {
            pthread_detach(thread)
        } else {
            // Without the thread nobody would take the signals: leave them to the system.
            context.release()
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        }
    }

    private static func isIgnored(_ number: CInt) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private final class Watcher {
        private var signals: sigset_t
        private let cancellation: Cancellation
        private let onFirst: @Sendable () -> Void

        init(
            signals: sigset_t, cancellation: Cancellation, onFirst: @escaping @Sendable () -> Void
        ) {
            self.signals = signals
            self.cancellation = cancellation
            self.onFirst = onFirst
        }

        func run() {
            var number: CInt = 0
            guard sigwait(&signals, &number) == 0 else { return }
            onFirst()
            cancellation.request()
            guard sigwait(&signals, &number) == 0 else { return }
            StandardStream.error.write("\n")
            _exit(ExitStatus.interrupted.rawValue)
        }
    }
}

internal import Synchronization

/// A wish to stop, that any thread may express and any thread may notice.
///
/// The first wish is kept; those that follow change nothing. Whoever sleeps in a system call adds a
/// hook that wakes it.
public final class Cancellation: Sendable {
    private struct State {
        var isRequested = false
        var hooks: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// Makes one that nobody has asked for yet.
    public init() {}

    /// Whether somebody asked to stop.
    public var isRequested: Bool { state.withLock { $0.isRequested } }

    /// Asks to stop, and runs every hook on this thread, once.
    public func request() {
        let hooks = state.withLock { state in
            state.isRequested = true
            defer { state.hooks = [] }
            return state.hooks
        }
        for hook in hooks { hook() }
    }

    /// Runs `hook` once when somebody asks to stop; at once, on this thread, where they already have.
    public func whenRequested(_ hook: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if !state.isRequested { state.hooks.append(hook) }
            return state.isRequested
        }
        if isLate { hook() }
    }
}

import SealiftIO
import Synchronization

/// Something that a rule took, being received on a thread of its own.
final class RunningReception: Sendable {
    private struct State {
        var result: Result<TransferSummary, SealiftError>?
        var isTold = false
        var thread: NamedThread?
    }

    private let state = Mutex(State())
    private let cancellation = Cancellation()

    /// Starts to receive; `wake` is called when it has ended.
    /// - Parameter bytes: what was offered: more is not taken.
    init(
        _ options: ReceiveOptions, atMost bytes: UInt64, wake: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        let thread = try NamedThread(name: "offer") { [self] in
            let result: Result<TransferSummary, SealiftError>
            do throws(SealiftError) {
                result = .success(
                    try runReceive(
                        options, observer: OfferBound(bytes), cancellation: cancellation))
            } catch {
                result = .failure(error)
            }
            state.withLock { $0.result = result }
            wake()
        }
        state.withLock { $0.thread = thread }
    }

    /// Ends it; what is proven is kept.
    func cancel() { cancellation.request() }

    /// Waits until it has ended.
    func join() { state.withLock { $0.thread }?.join() }

    /// How it ended, once.
    func takeResult() -> Result<TransferSummary, SealiftError>? {
        state.withLock { state in
            guard !state.isTold, let result = state.result else { return nil }
            state.isTold = true
            return result
        }
    }
}

/// Says yes to what is no larger than what was offered.
struct OfferBound: TransferObserver {
    private let bytes: UInt64

    init(_ bytes: UInt64) {
        self.bytes = bytes
    }

    func handle(_ event: TransferEvent) {}

    func decide(_ offer: OfferSummary) -> Decision {
        offer.bytes <= bytes ? .accept : .decline
    }
}

import SealiftIO
import Synchronization

/// Something that a rule took, or that a member puts into a share, being received on a thread of its own.
final class RunningReception: Sendable {
    private struct State {
        var result: Result<TransferSummary, SealiftError>?
        var isTold = false
        /// Content bytes received, as far as is known, and as far as they were taken.
        var receivedBytes: UInt64 = 0
        var takenBytes: UInt64 = 0
        /// Bytes of files that are here and proven, of earlier runs too.
        var doneBytes: UInt64 = 0
        var thread: NamedThread?
    }

    private let state = Mutex(State())
    private let cancellation = Cancellation()

    /// Starts to receive; `wake` is called when it has ended.
    /// - Parameters:
    ///   - bytes: what was offered: more is not taken.
    ///   - entries: how many files and folders: more are not taken.
    init(
        _ options: ReceiveOptions, atMost bytes: UInt64, entries: UInt64 = .max,
        wake: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        let thread = try NamedThread(name: "offer") { [self] in
            let result: Result<TransferSummary, SealiftError>
            do throws(SealiftError) {
                let run = try ReceiveRun(
                    options, observer: OfferBound(self, bytes, entries), cancellation: cancellation)
                // However it ends, this is what came to the last byte.
                defer { note(received: run.receivedBytes, done: 0) }
                result = .success(try run.run())
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

    /// Bytes of content received since the last call.
    func takeReceivedBytes() -> UInt64 {
        state.withLock { state in
            defer { state.takenBytes = state.receivedBytes }
            return state.receivedBytes - state.takenBytes
        }
    }

    /// Bytes of files that are here and proven by now.
    var doneBytes: UInt64 { state.withLock { $0.doneBytes } }

    fileprivate func note(received: UInt64, done: UInt64) {
        state.withLock { state in
            state.receivedBytes = max(state.receivedBytes, received)
            state.doneBytes = max(state.doneBytes, done)
        }
    }
}

/// Says yes to what is no larger than what was offered, and counts what comes of it.
private final class OfferBound: TransferObserver {
    private let reception: RunningReception
    private let bytes: UInt64
    private let entries: UInt64
    /// Bytes that an earlier run had brought.
    private let reusable = Mutex(UInt64(0))

    init(_ reception: RunningReception, _ bytes: UInt64, _ entries: UInt64) {
        self.reception = reception
        self.bytes = bytes
        self.entries = entries
    }

    func handle(_ event: TransferEvent) {
        // The last report counts holes too; the run itself knows better then.
        guard case .progress(let progress) = event, progress.phase == .transferring,
            progress.bytesDone < progress.bytesTotal
        else { return }
        let reused = reusable.withLock { $0 }
        reception.note(
            received: progress.bytesDone - min(progress.bytesDone, reused),
            done: progress.bytesDone)
    }

    func decide(_ offer: OfferSummary) -> Decision {
        reusable.withLock { $0 = offer.reusableBytes }
        return offer.bytes <= bytes && offer.entries <= entries ? .accept : .decline
    }
}

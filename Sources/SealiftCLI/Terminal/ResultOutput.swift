internal import Sealift
internal import Synchronization

/// Standard output as the place of results. A result that cannot be written stops the transfer: a ticket
/// or an event that nobody got must not pass for success.
final class ResultOutput: Sendable {
    private let hasFailed = Mutex(false)
    private let cancellation: Cancellation
    private let sink: @Sendable ([UInt8]) -> Bool

    /// Makes an output that requests `cancellation` when `sink` answers false.
    init(
        cancellation: Cancellation,
        sink: @escaping @Sendable ([UInt8]) -> Bool = { StandardStream.output.write($0) }
    ) {
        self.cancellation = cancellation
        self.sink = sink
    }

    /// Writes `text`, unless an earlier one was lost.
    func write(_ text: String) {
        write(Array(text.utf8))
    }

    /// Writes `bytes`, unless earlier ones were lost.
    func write(_ bytes: [UInt8]) {
        let isLost = hasFailed.withLock { hasFailed in
            guard !hasFailed else { return false }
            hasFailed = !sink(bytes)
            return hasFailed
        }
        if isLost { cancellation.request() }
    }

    /// The error that the run ends with where a result was lost.
    var failure: SealiftError? {
        guard hasFailed.withLock({ $0 }) else { return nil }
        return SealiftError(
            .storageFailed, "standard output could not be written",
            advice: "Check the disk or the program that reads it, then run the same command again.")
    }
}
